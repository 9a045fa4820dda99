// What a cart is after an event. Never refuses: an event about something unknown changes nothing.
import type { ItemId, ReservationKey } from '../ids.ts'
import {
  type Departing,
  type Leaving,
  type Requested,
  type Reservation,
  replacedBy,
  toDeparting,
  toLeaving,
} from '../reservation/reservation.ts'
import type { Cart } from './cart.ts'
import { type CartEvent, changesContents, type EventOf } from './events.ts'
import { addDetails, detailsOf, type Item, noneOlder } from './item.ts'

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
      return changeItem(cart, event, (item) => changeReservation(item, event.key, askAgain))
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

const changeItem = (
  cart: Cart,
  event: { readonly itemId: ItemId; readonly at: number },
  change: (item: Item) => Item,
): Cart => {
  const index = cart.items.findIndex((item) => item.id === event.itemId)
  const item = cart.items[index]
  if (item === undefined) return cart
  return { ...cart, items: cart.items.with(index, { ...change(item), updatedAt: event.at }) }
}

const changeReservation = (
  item: Item,
  key: ReservationKey,
  change: (r: Reservation) => Reservation,
): Item => ({
  ...item,
  reservations: item.reservations.map((r) => (r.key === key ? change(r) : r)),
})

const newItem = (event: EventOf<'item-added'>): Item => ({
  id: event.itemId,
  ...detailsOf(event),
  quantity: event.quantity,
  unitPrice: event.unitPrice ?? null,
  reservations: withRequested([], event.requested, event.at),
  older: noneOlder,
  addedAt: event.at,
  updatedAt: event.at,
})

const addUnits = (item: Item, event: EventOf<'item-added'>): Item => ({
  ...item,
  ...addDetails(item, event),
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
  const index = reservations.findIndex((r) => r.key === requested.key)
  const known = reservations[index]
  if (known === undefined) return [...reservations, newReservation(requested, at)]
  if (requested.status === 'pending') return reservations.with(index, askAgain(known))
  const { quantity } = requested
  const more = { quantity: known.quantity + quantity, wanted: known.wanted + quantity }
  return reservations.with(index, { ...known, ...more })
}

const newReservation = (requested: Requested, requestedAt: number): Reservation => {
  const { key, quantity, status, replaces } = requested
  // What replaces another counts for nothing until it takes over.
  const asked = { key, quantity, wanted: replaces === null ? quantity : 0, requestedAt }
  return status === 'waiting' ? { ...asked, status } : { ...asked, status, replaces, reason: null }
}

/** One that waited, or was given up, is asked for from now on. */
const askAgain = ({ key, quantity, wanted, requestedAt }: Reservation): Reservation => ({
  key,
  quantity,
  wanted,
  requestedAt,
  status: 'pending',
  replaces: null,
  reason: null,
})

const without = (item: Item, letGo: readonly Leaving[]): readonly Reservation[] => {
  if (letGo.length === 0) return item.reservations
  const gone = new Set(letGo.map((r) => r.key))
  return item.reservations.filter((r) => !gone.has(r.key))
}

const changeQuantity = (item: Item, event: EventOf<'item-quantity-changed'>): Item => {
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

const confirm = (item: Item, event: EventOf<'reservation-confirmed'>): Item => {
  const { key, holdId, attempts, at: settledAt } = event
  const confirmed = item.reservations.find((r) => r.key === key)
  const replacedKey = confirmed === undefined ? null : replacedBy(confirmed)
  const replaced = item.reservations.find((r) => r.key === replacedKey)
  const kept = { ...item, reservations: without(item, event.letGo) }
  return changeReservation(kept, key, ({ quantity, wanted, requestedAt }) => ({
    key,
    quantity,
    wanted: replaced?.wanted ?? wanted,
    requestedAt,
    status: 'reserved',
    attempts,
    settledAt,
    holdId,
    reason: null,
  }))
}

type TurnedDown = EventOf<'reservation-refused'> | EventOf<'reservation-failed'>

/**
 * A request came to nothing. One that replaces another leaves that as it was; one that is being
 * replaced hands its units over.
 */
const turnDown = (cart: Cart, event: TurnedDown): Cart => {
  const item = cart.items.find((i) => i.id === event.itemId)
  const turned = item?.reservations.find((r) => r.key === event.key)
  if (item === undefined || turned === undefined) return cart
  const heir = item.reservations.find((r) => replacedBy(r) === turned.key)
  const replaced = replacedBy(turned)
  if (replaced === null && heir === undefined) {
    return changeItem(cart, event, (i) =>
      changeReservation(i, event.key, (r) => toTurnedDown(r, event)),
    )
  }
  const reason = `holds more than wanted, since a smaller hold was not to be had: ${event.reason}`
  const rest = item.reservations.filter((r) => r.key !== turned.key)
  const reservations = rest.map((r): Reservation => {
    if (r.key === replaced) return r.status === 'waiting' ? r : { ...r, reason }
    return r.status === 'pending' && r.key === heir?.key
      ? { ...r, wanted: turned.wanted, replaces: null }
      : r
  })
  const kept = changeItem(cart, event, (i) => ({ ...i, reservations }))
  if (event.type !== 'reservation-failed' || !event.outcomeUnknown) return kept
  return depart(kept, { at: event.at, letGo: [toLeaving(item.id, turned)] })
}

const toTurnedDown = (
  { key, quantity, wanted, requestedAt }: Reservation,
  event: TurnedDown,
): Reservation => {
  const { attempts, at: settledAt, reason } = event
  const settled = { key, quantity, wanted, requestedAt, attempts, settledAt, reason }
  return event.type === 'reservation-refused'
    ? { ...settled, status: 'unavailable' }
    : { ...settled, status: 'failed', outcomeUnknown: event.outcomeUnknown }
}

const requestRelease = (cart: Cart, event: EventOf<'release-requested'>): Cart => {
  const { key, itemId, quantity, holdId, at } = event
  const releasing: Departing = { key, itemId, quantity, since: at, state: 'releasing', holdId }
  const index = cart.departing.findIndex((d) => d.key === key)
  const departing =
    index < 0 ? [...cart.departing, releasing] : cart.departing.with(index, releasing)
  return { ...cart, departing }
}

const depart = (
  cart: Cart,
  { at, letGo }: { readonly at: number; readonly letGo: readonly Leaving[] },
): Cart => {
  if (letGo.length === 0) return cart
  const leaving = letGo.flatMap((r) => toDeparting(r, at) ?? [])
  return leaving.length === 0 ? cart : { ...cart, departing: [...cart.departing, ...leaving] }
}
