// Carts as they appear on the wire. Their JSON is written by hand, in half the time that JSON.stringify
// takes, since no object is made of it first.
import {
  type CatalogNote,
  type CatalogNotes,
  noNotes,
} from '../../../application/carts/read-catalog-notes.ts'
import { type Cart, subtotalOf, totalQuantity } from '../../../domain/cart/cart.ts'
import { coverageOf, type Item, type Price, summaryOf } from '../../../domain/cart/item.ts'
import { limits } from '../../../domain/limits.ts'
import { isUnderWay, type Reservation } from '../../../domain/reservation/reservation.ts'

const dayMs = 86_400_000
let keptDay = 0
let dayText = '1970-01-01T'
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))

/** As toISOString has it, for a seventh of its cost: an answer has many times, most of one day. */
const toTime = (at: number | null): string => {
  if (at === null) return 'null'
  const ms = at % dayMs
  if (at - ms !== keptDay) {
    keptDay = at - ms
    dayText = new Date(keptDay).toISOString().slice(0, 11)
  }
  const seconds = Math.floor(ms / 1_000)
  const hour = twoDigits[Math.floor(seconds / 3_600)]
  const minute = twoDigits[Math.floor(seconds / 60) % 60]
  const second = twoDigits[seconds % 60]
  return `"${dayText}${hour}:${minute}:${second}.${String(ms % 1_000).padStart(3, '0')}Z"`
}

const toText = (text: string | null): string => JSON.stringify(text)

const toList = <T>(values: readonly T[], write: (value: T) => string): string => {
  let list = ''
  for (const value of values) list += list === '' ? write(value) : `,${write(value)}`
  return `[${list}]`
}

const toReservationText = (r: Reservation): string =>
  `{"id":${toText(r.key)},"quantity":${r.quantity},"status":"${r.status}",` +
  (isUnderWay(r)
    ? `"reservation_id":null,"attempts":0,"requested_at":${toTime(r.requestedAt)},` +
      `"settled_at":null,"reason":${toText(r.status === 'pending' ? r.reason : null)}}`
    : `"reservation_id":${toText(r.status === 'reserved' ? r.holdId : null)},` +
      `"attempts":${r.attempts},"requested_at":${toTime(r.requestedAt)},` +
      `"settled_at":${toTime(r.settledAt)},"reason":${toText(r.reason)}}`)

const toPriceText = (price: Price | null): string =>
  price === null ? 'null' : `{"amount":${price.amount},"currency":${toText(price.currency)}}`

const toNoteText = (note: CatalogNote): string =>
  note.kind === 'gone'
    ? '{"status":"gone"}'
    : `{"status":"price_changed","unit_price":${toPriceText(note.unitPrice)}}`

/** With the reservations that are to be shown. */
export const toItemText = (
  item: Item,
  reservations: readonly Reservation[],
  notes = noNotes,
): string => {
  const coverage = coverageOf(item)
  const note = notes.get(item.id)
  const held = reservations.filter((r) => r.status === 'reserved')
  return (
    `{"item_id":${toText(item.id)},"product_id":${toText(item.productId)},` +
    `"name":${toText(item.name)},"quantity":${item.quantity},"attributes":${item.attributesKey},` +
    `"unit_price":${toPriceText(item.unitPrice)},` +
    `${note === undefined ? '' : `"catalog":${toNoteText(note)},`}` +
    `"reservation":{"status":"${summaryOf(coverage, item.quantity)}",` +
    `"reserved_quantity":${coverage.reserved},` +
    `"reservation_ids":${toList(held, (r) => toText(r.holdId))}},` +
    `"reservations":${toList(reservations, toReservationText)},` +
    `"added_at":${toTime(item.addedAt)},"updated_at":${toTime(item.updatedAt)}}`
  )
}

/** In a cart, an item shows its latest reservations; all of them when asked for by itself. */
const toLineText = (item: Item, notes = noNotes): string =>
  toItemText(item, item.reservations.slice(-limits.settledWithItem), notes)

export const toCartText = (cart: Cart, notes: CatalogNotes = noNotes): string =>
  `{"user_id":${toText(cart.id)},"version":${cart.version},"revision":${cart.revision},` +
  `"item_count":${cart.items.length},"total_quantity":${totalQuantity(cart)},` +
  `"items":${toList(cart.items, (item) => toLineText(item, notes))},` +
  `"subtotal":${toPriceText(subtotalOf(cart))},` +
  `"created_at":${toTime(cart.createdAt)},"updated_at":${toTime(cart.updatedAt)}}`

// Carts are immutable. The text of one is kept when it is read, not after each change: that cost an
// add more than it saved.
const texts = new WeakMap<Cart, string>()

/** For a cart that may be read again as it is. */
export const toReadText = (cart: Cart): string => {
  const known = texts.get(cart)
  if (known !== undefined) return known
  const text = toCartText(cart)
  texts.set(cart, text)
  return text
}

/** The answer to `Prefer: return=minimal`: its size does not grow with the cart. */
export const toMinimalText = ({ id, version, revision }: Cart, item: Item | undefined): string => {
  const touched = item === undefined ? '' : `,"item":${toLineText(item)}`
  return `{"user_id":${toText(id)},"version":${version},"revision":${revision}${touched}}`
}

/** The version is what If-Match compares; the revision tells apart what is shown. */
export const toETag = ({ version, revision }: Pick<Cart, 'version' | 'revision'>): string =>
  `"${version}.${revision}"`
