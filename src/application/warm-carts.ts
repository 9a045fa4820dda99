// Carts as they were last committed or loaded, bounded in bytes, least recently used first out.
import type { Cart, CartId } from '../domain/cart.ts'

export type WarmCarts = {
  get(id: CartId): Cart | undefined
  set(cart: Cart): void
  delete(id: CartId): void
}

// Heap measured for carts of 1, 50 and 500 items, rounded up: what an entry, an item and a reservation
// take, with the JSON text that the HTTP side keeps beside a cart.
const bytesPerCart = 1_200
const bytesPerItem = 1_200
const bytesPerReservation = 700

const sizeOf = (cart: Cart): number => {
  let bytes = bytesPerCart + cart.departing.length * bytesPerReservation
  for (const item of cart.items) {
    bytes += bytesPerItem + 2 * item.attributesKey.length
    bytes += item.reservations.length * bytesPerReservation
  }
  return bytes
}

export const keepWarmCarts = (bytesMax: number): WarmCarts => {
  // A Map keeps insertion order: an entry that is used moves to the end.
  const entries = new Map<CartId, { readonly cart: Cart; readonly bytes: number }>()
  let bytesHeld = 0
  const remove = (id: CartId) => {
    bytesHeld -= entries.get(id)?.bytes ?? 0
    entries.delete(id)
  }
  return {
    get: (id) => {
      const entry = entries.get(id)
      if (entry === undefined) return undefined
      entries.delete(id)
      entries.set(id, entry)
      return entry.cart
    },
    set: (cart) => {
      remove(cart.id)
      const bytes = sizeOf(cart)
      if (bytes > bytesMax) return
      entries.set(cart.id, { cart, bytes })
      bytesHeld += bytes
      for (const oldest of entries.keys()) {
        if (bytesHeld <= bytesMax) break
        remove(oldest)
      }
    },
    delete: remove,
  }
}
