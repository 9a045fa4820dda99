// What a cart is. Times are epoch milliseconds; quantities are whole units.
import { type Departing, isUnderWay, type Reservation } from './reservation.ts'

export type CartId = string & { readonly brand: 'CartId' }
export type ItemId = string & { readonly brand: 'ItemId' }
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

/** Integer minor units, such as cents, at most `limits.priceAmount`; the currency is an ISO 4217 code. */
export type Price = { readonly amount: number; readonly currency: string }

/** Reservations of an item that are stored apart from it: how many, and their wanted units. */
export type Older = {
  readonly count: number
  readonly reserved: number
  readonly unavailable: number
  readonly failed: number
}

export type Item = {
  readonly id: ItemId
  readonly productId: string
  readonly name: string | null
  readonly attributes: JsonObject
  /** Canonical text of `attributes`: with the product id, the identity of the line. */
  readonly attributesKey: string
  readonly quantity: number
  /** Of one unit, as the catalogue had it when units were last added; null without one. */
  readonly unitPrice: Price | null
  /** In the order they were asked for: all that are under way and the latest settled ones. */
  readonly reservations: readonly Reservation[]
  readonly older: Older
  readonly addedAt: number
  readonly updatedAt: number
}

export type Cart = {
  readonly id: CartId
  /** Moves by one when the shopper's contents change; what If-Match protects. */
  readonly version: number
  /** Moves by one with every effective command; what a commit compares. */
  readonly revision: number
  readonly items: readonly Item[]
  readonly departing: readonly Departing[]
  readonly createdAt: number | null
  readonly updatedAt: number | null
}

export const noneOlder: Older = { count: 0, reserved: 0, unavailable: 0, failed: 0 }

export const emptyCart = (id: CartId): Cart => ({
  id,
  version: 0,
  revision: 0,
  items: [],
  departing: [],
  createdAt: null,
  updatedAt: null,
})

export const findItem = (cart: Cart, id: ItemId): Item | undefined =>
  cart.items.find((item) => item.id === id)

export const findLine = (cart: Cart, productId: string, attributesKey: string): Item | undefined =>
  cart.items.find((item) => item.productId === productId && item.attributesKey === attributesKey)

export const totalQuantity = (cart: Cart): number =>
  cart.items.reduce((sum, item) => sum + item.quantity, 0)

/** Null when an item has no price, when prices are in several currencies, and for an empty cart. */
export const subtotalOf = ({ items }: Cart): Price | null => {
  const currency = items[0]?.unitPrice?.currency
  if (currency === undefined) return null
  let amount = 0
  for (const { unitPrice, quantity } of items) {
    if (unitPrice?.currency !== currency) return null
    amount += unitPrice.amount * quantity
  }
  return { amount, currency }
}

export type Coverage = {
  readonly reserved: number
  readonly underWay: number
  readonly unavailable: number
  readonly failed: number
  /** Units that nobody asked to reserve: added while reservations were off. */
  readonly uncovered: number
}

/** How the units of an item stand; the five parts add up to its quantity. */
export const coverageOf = (item: Item): Coverage => {
  let { reserved, unavailable, failed } = item.older
  let underWay = 0
  for (const r of item.reservations) {
    if (isUnderWay(r)) underWay += r.wanted
    else if (r.status === 'reserved') reserved += r.wanted
    else if (r.status === 'unavailable') unavailable += r.wanted
    else failed += r.wanted
  }
  const uncovered = item.quantity - reserved - underWay - unavailable - failed
  return { reserved, underWay, unavailable, failed, uncovered }
}

export type ReservationSummary =
  | 'reserved'
  | 'pending'
  | 'partially_reserved'
  | 'unavailable'
  | 'failed'
  | 'none'

/** One word for an item. `failed` goes before `unavailable`: it is the one somebody can act on. */
export const summaryOf = (coverage: Coverage, quantity: number): ReservationSummary => {
  if (coverage.underWay > 0) return 'pending'
  if (coverage.reserved >= quantity) return 'reserved'
  if (coverage.reserved > 0) return 'partially_reserved'
  if (coverage.failed > 0) return 'failed'
  return coverage.unavailable > 0 ? 'unavailable' : 'none'
}
