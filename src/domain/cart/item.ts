// An item of a cart: a line, which is a product with its attributes.
import type { ItemId } from '../ids.ts'
import { isUnderWay, type Reservation } from '../reservation/reservation.ts'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

/** Integer minor units, such as cents, at most `limits.priceAmount`; the currency is an ISO 4217 code. */
export type Price = { readonly amount: number; readonly currency: string }

/** What a shopper says of an item; kept in the command, the event and the item alike. */
export type ItemDetails = {
  readonly productId: string
  readonly name: string | null
  readonly attributes: JsonObject
  /** Canonical text of `attributes`: with the product id, the identity of the line. */
  readonly attributesKey: string
}

/** Reservations of an item that are stored apart from it: how many, and their wanted units. */
export type Older = {
  readonly count: number
  readonly reserved: number
  readonly unavailable: number
  readonly failed: number
}

export type Item = ItemDetails & {
  readonly id: ItemId
  readonly quantity: number
  /** Of one unit, as the catalog had it when units were last added; null without one. */
  readonly unitPrice: Price | null
  /** In the order they were asked for: all that are under way and the latest settled ones. */
  readonly reservations: readonly Reservation[]
  readonly older: Older
  readonly addedAt: number
  readonly updatedAt: number
}

export const noneOlder: Older = { count: 0, reserved: 0, unavailable: 0, failed: 0 }

export const detailsOf = ({
  productId,
  name,
  attributes,
  attributesKey,
}: ItemDetails): ItemDetails => ({ productId, name, attributes, attributesKey })

/** What an addition to a line may set again; what is its identity stays. */
export const addDetails = (item: Item, { name }: ItemDetails): Pick<ItemDetails, 'name'> => ({
  name: name ?? item.name,
})

export type Coverage = {
  readonly reserved: number
  readonly underWay: number
  readonly unavailable: number
  readonly failed: number
  /** Units that were never asked for: added while reservations were off. */
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

/** One word for an item. `failed` goes before `unavailable`: it is the one that can be acted on. */
export const summaryOf = (coverage: Coverage, quantity: number): ReservationSummary => {
  if (coverage.underWay > 0) return 'pending'
  if (coverage.reserved >= quantity) return 'reserved'
  if (coverage.reserved > 0) return 'partially_reserved'
  if (coverage.failed > 0) return 'failed'
  return coverage.unavailable > 0 ? 'unavailable' : 'none'
}
