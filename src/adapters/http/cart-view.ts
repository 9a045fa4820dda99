// Carts as they appear on the wire.
import { type Cart, coverageOf, type Item, summaryOf, totalQuantity } from '../../domain/cart.ts'
import { limits } from '../../domain/limits.ts'
import type { Reservation } from '../../domain/reservation.ts'

const dayMs = 86_400_000
let wordedDay = 0
let dayText = '1970-01-01T'
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))

/** As toISOString words it, for a seventh of its cost: an answer has many times, most of one day. */
const toTime = (at: number | null): string | null => {
  if (at === null) return null
  const ms = at % dayMs
  if (at - ms !== wordedDay) {
    wordedDay = at - ms
    dayText = new Date(wordedDay).toISOString().slice(0, 11)
  }
  const seconds = Math.floor(ms / 1_000)
  const hour = twoDigits[Math.floor(seconds / 3_600)]
  const minute = twoDigits[Math.floor(seconds / 60) % 60]
  const second = twoDigits[seconds % 60]
  return `${dayText}${hour}:${minute}:${second}.${String(ms % 1_000).padStart(3, '0')}Z`
}

const toReservationView = (r: Reservation) => ({
  id: r.key,
  quantity: r.quantity,
  status: r.status,
  reservation_id: r.holdId,
  attempts: r.attempts,
  requested_at: toTime(r.requestedAt),
  settled_at: toTime(r.settledAt),
  reason: r.reason,
})

export const toItemView = (item: Item, reservations: readonly Reservation[]) => {
  const coverage = coverageOf(item)
  return {
    item_id: item.id,
    product_id: item.productId,
    name: item.name,
    quantity: item.quantity,
    attributes: item.attributes,
    unit_price: null,
    reservation: {
      status: summaryOf(coverage, item.quantity),
      reserved_quantity: coverage.reserved,
      reservation_ids: reservations.flatMap((r) => (r.status === 'reserved' ? [r.holdId] : [])),
    },
    reservations: reservations.map(toReservationView),
    added_at: toTime(item.addedAt),
    updated_at: toTime(item.updatedAt),
  }
}

/** In a cart, an item shows its latest reservations; all of them when asked for by itself. */
const toLineView = (item: Item) =>
  toItemView(item, item.reservations.slice(-limits.settledWithItem))

export const toCartView = (cart: Cart) => ({
  user_id: cart.id,
  version: cart.version,
  revision: cart.revision,
  item_count: cart.items.length,
  total_quantity: totalQuantity(cart),
  items: cart.items.map(toLineView),
  subtotal: null,
  created_at: toTime(cart.createdAt),
  updated_at: toTime(cart.updatedAt),
})

// A cart is never changed in place, so its text is made once, however often it is read.
const texts = new WeakMap<Cart, string>()

export const toCartText = (cart: Cart): string => {
  const known = texts.get(cart)
  if (known !== undefined) return known
  const text = JSON.stringify(toCartView(cart))
  texts.set(cart, text)
  return text
}

/** The answer to `Prefer: return=minimal`: its size does not grow with the cart. */
export const toMinimalText = (cart: Cart, item: Item | undefined): string => {
  const head = { user_id: cart.id, version: cart.version, revision: cart.revision }
  return JSON.stringify(item === undefined ? head : { ...head, item: toLineView(item) })
}

export const toETag = (cart: Cart): string => `"${cart.version}.${cart.revision}"`
