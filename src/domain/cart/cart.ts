// What a cart is. Times are epoch milliseconds; quantities are whole units.
import type { CartId, ItemId } from '../ids.ts'
import type { Departing } from '../reservation/reservation.ts'
import type { Item, Price } from './item.ts'

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
