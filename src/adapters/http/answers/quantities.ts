// A cart as the first services showed it: products and their units.
import type { Cart } from '../../../domain/cart/cart.ts'

/** Lines of a product with different attributes count together. */
export const quantitiesIn = (cart: Cart): ReadonlyMap<string, number> => {
  const quantities = new Map<string, number>()
  for (const { productId, quantity } of cart.items) {
    quantities.set(productId, (quantities.get(productId) ?? 0) + quantity)
  }
  return quantities
}
