// What a cart is after an event. Never refuses: an event about something unknown changes nothing.
import { type Cart, type Item, type ItemId, noneOlder } from './cart.ts'
import { type CartEvent, changesContents, type LetGo, type Requested } from './events.ts'
import type { Departing, Reservation, ReservationKey } from './reservation.ts'

export const evolveAll = (cart: Cart, events: readonly CartEvent[]): Cart =>
  events.reduce(evolve, cart)

/** The cart after one effective command: its events, one revision on, and a version if they say so. */
export const applyEvents = (cart: Cart, events: readonly CartEvent[], at: number): Cart => {
  if (events.length === 0) return cart
  return {
    ...evolveAll(cart, events),
    revision: cart.revision + 1,
    version: cart.version + (events.some(changesContents) ? 1 : 0),
    createdAt: cart.createdAt ?? at,
    updatedAt: at,
  }
}

export const evolve = (cart: Cart, event: CartEvent): Cart => {
  switch (event.type) {
    case 'item-added':
      return cart.items.some((item) => item.id === event.itemId)
        ? changeItem(cart, event, (item) => addUnits(item, event))
        : { ...cart, items: [...cart.items, newItem(event)] }
    case 'item-quantity-changed':
      return changeItem(depart(cart, event), event, (item) => changeQuantity(item, event))
    case 'item-removed':
      return {
        ...depart(cart, event),
        items: cart.items.filter((item) => item.id !== event.itemId),
      }
    case 'cart-cleared':
      return { ...depart(cart, event), items: [] }
    case 'reservation-requested':
      return changeItem(depart(cart, event), event, (item) => ({
        ...item,
        reservations: withRequested(without(item, event.letGo), event.requested, event.at),
      }))
    case 'reservation-confirmed':
      return changeItem(depart(cart, event), event, (item) => confirm(item, event))
    case 'reservation-refused':
    case 'reservation-failed':
      return turnDown(cart, event)
    case 'reservation-requeued':
      return changeItem(cart, event, (item) =>
        changeReservation(item, event.key, (r) => ({
          ...r,
          status: 'pending',
          attempts: 0,
          settledAt: null,
          reason: null,
          outcomeUnknown: false,
        })),
      )
    case 'release-requested':
      return requestRelease(cart, event)
    case 'reservation-released':
    case 'reservation-withdrawn':
      return { ...cart, departing: cart.departing.filter((d) => d.key !== event.key) }
    case 'release-failed':
    case 'release-requeued':
      return cart
    default:
      return event satisfies never
  }
}

type Of<T extends CartEvent['type']> = Extract<CartEvent, { type: T }>

const changeItem = (
  cart: Cart,
  event: { readonly itemId: ItemId; readonly at: number },
  change: (item: Item) => Item,
): Cart => {
  const place = cart.items.findIndex((item) => item.id === event.itemId)
  const item = cart.items[place]
  if (item === undefined) return cart
  return { ...cart, items: cart.items.with(place, { ...change(item), updatedAt: event.at }) }
}

const changeReservation = (
  item: Item,
  key: ReservationKey,
  change: (r: Reservation) => Reservation,
): Item => ({
  ...item,
  reservations: item.reservations.map((r) => (r.key === key ? change(r) : r)),
})

const newItem = (event: Of<'item-added'>): Item => ({
  id: event.itemId,
  productId: event.productId,
  name: event.name,
  attributes: event.attributes,
  attributesKey: event.attributesKey,
  quantity: event.quantity,
  unitPrice: event.unitPrice ?? null,
  reservations: withRequested([], event.requested, event.at),
  older: noneOlder,
  addedAt: event.at,
  updatedAt: event.at,
})

const addUnits = (item: Item, event: Of<'item-added'>): Item => ({
  ...item,
  name: event.name ?? item.name,
  quantity: item.quantity + event.quantity,
  unitPrice: event.unitPrice ?? item.unitPrice,
  reservations: withRequested(item.reservations, event.requested, event.at),
})

const withRequested = (
  reservations: readonly Reservation[],
  requested: Requested | null,
  at: number,
): readonly Reservation[] => {
  if (requested === null) return reservations
  const { key, quantity, status, replaces } = requested
  const place = reservations.findIndex((r) => r.key === key)
  const waiting = reservations[place]
  if (waiting === undefined) {
    const wanted = replaces === null ? quantity : 0
    const settledLater = { holdId: null, attempts: 0, settledAt: null, reason: null }
    const asked = { key, quantity, wanted, status, requestedAt: at, replaces }
    return [...reservations, { ...asked, ...settledLater, outcomeUnknown: false }]
  }
  if (status === 'pending') return reservations.with(place, { ...waiting, status })
  const more = { quantity: waiting.quantity + quantity, wanted: waiting.wanted + quantity }
  return reservations.with(place, { ...waiting, ...more })
}

const without = (item: Item, letGo: readonly LetGo[]): readonly Reservation[] => {
  if (letGo.length === 0) return item.reservations
  const gone = new Set(letGo.map((r) => r.key))
  return item.reservations.filter((r) => !gone.has(r.key))
}

const changeQuantity = (item: Item, event: Of<'item-quantity-changed'>): Item => {
  const wantedOf = new Map(event.lowered.map(({ key, wanted }) => [key, wanted]))
  const kept = without(item, event.letGo).map((r): Reservation => {
    const wanted = wantedOf.get(r.key)
    if (wanted === undefined) return r
    if (r.status === 'waiting') return { ...r, wanted, quantity: wanted }
    // Why a larger hold was kept no longer stands: a smaller one may be had now.
    return r.status === 'reserved' ? { ...r, wanted, reason: null } : { ...r, wanted }
  })
  const reservations = withRequested(kept, event.requested, event.at)
  return { ...item, quantity: event.quantity, reservations }
}

const confirm = (item: Item, event: Of<'reservation-confirmed'>): Item => {
  const { key, holdId, attempts, at } = event
  const confirmed = item.reservations.find((r) => r.key === key)
  const replaced = item.reservations.find((r) => r.key === confirmed?.replaces)
  const kept = { ...item, reservations: without(item, event.letGo) }
  return changeReservation(kept, key, (r) => ({
    ...r,
    wanted: replaced?.wanted ?? r.wanted,
    status: 'reserved',
    holdId,
    attempts,
    settledAt: at,
    reason: null,
    replaces: null,
    outcomeUnknown: false,
  }))
}

/** A request came to nothing. Who replaces another leaves it as it was; whom another replaces hands over. */
const turnDown = (
  cart: Cart,
  event: Of<'reservation-refused'> | Of<'reservation-failed'>,
): Cart => {
  const item = cart.items.find((i) => i.id === event.itemId)
  const turned = item?.reservations.find((r) => r.key === event.key)
  if (item === undefined || turned === undefined) return cart
  const outcomeUnknown = event.type === 'reservation-failed' && event.outcomeUnknown
  const heir = item.reservations.find((r) => r.replaces === turned.key)
  if (turned.replaces === null && heir === undefined) {
    return changeItem(cart, event, (i) =>
      changeReservation(i, event.key, (r) => ({
        ...r,
        status: event.type === 'reservation-failed' ? 'failed' : 'unavailable',
        attempts: event.attempts,
        settledAt: event.at,
        reason: event.reason,
        outcomeUnknown,
      })),
    )
  }
  const reason = `holds more than wanted, since a smaller hold was not to be had: ${event.reason}`
  const rest = item.reservations.filter((r) => r.key !== turned.key)
  const reservations = rest.map((r): Reservation => {
    if (r.key === turned.replaces) return { ...r, reason }
    return r.key === heir?.key ? { ...r, wanted: turned.wanted, replaces: null } : r
  })
  const kept = changeItem(cart, event, (i) => ({ ...i, reservations }))
  if (!outcomeUnknown) return kept
  const left: LetGo = { ...turned, itemId: item.id, outcomeUnknown }
  return depart(kept, { at: event.at, letGo: [left] })
}

const requestRelease = (cart: Cart, event: Of<'release-requested'>): Cart => {
  const { key, itemId, quantity, holdId, at } = event
  const releasing: Departing = { key, itemId, quantity, state: 'releasing', holdId, since: at }
  const place = cart.departing.findIndex((d) => d.key === key)
  const departing =
    place < 0 ? [...cart.departing, releasing] : cart.departing.with(place, releasing)
  return { ...cart, departing }
}

/** Whether the reservation service may still hold units for a reservation that left its item. */
export const mayHold = (r: LetGo): boolean =>
  r.status === 'pending' || r.status === 'reserved' || r.outcomeUnknown

const depart = (
  cart: Cart,
  event: { readonly at: number; readonly letGo: readonly LetGo[] },
): Cart => {
  const leaving = event.letGo.filter(mayHold).map(
    ({ key, itemId, quantity, status, holdId }): Departing => ({
      key,
      itemId,
      quantity,
      state: status === 'reserved' ? 'releasing' : 'cancelled',
      holdId,
      since: event.at,
    }),
  )
  return leaving.length === 0 ? cart : { ...cart, departing: [...cart.departing, ...leaving] }
}
