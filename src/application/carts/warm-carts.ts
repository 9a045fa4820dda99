// Carts as they were last committed or loaded, from the second time on, bounded in bytes; those not used
// for longest go first.
import type { Cart } from '../../domain/cart/cart.ts'
import type { CartId } from '../../domain/ids.ts'

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

type Entry = { readonly cart: Cart; readonly bytes: number }

/**
 * Two generations: what is used is in the young one; when that is full it becomes the old one, and the
 * old one is dropped as a whole. A list in order of use, kept in a Map, spent a third of an add on
 * skipping the deleted entries at its front.
 *
 * A cart is kept when it comes a second time: thousands of carts that come once would each be moved about
 * by the garbage collector and drive out others, which cost an add more than reading the cart again.
 */
export const keepWarmCarts = (bytesMax: number): WarmCarts => {
  const bytesPerGeneration = bytesMax / 2
  let young = new Map<CartId, Entry>()
  let old = new Map<CartId, Entry>()
  let youngBytes = 0
  const isSeenAgain = rememberSeen()

  const keep = (entry: Entry): void => {
    const { cart, bytes } = entry
    if (bytes > bytesPerGeneration) return
    if (youngBytes + bytes > bytesPerGeneration) {
      old = young
      young = new Map()
      youngBytes = 0
    }
    young.set(cart.id, entry)
    youngBytes += bytes
  }
  const drop = (id: CartId): boolean => {
    const entry = young.get(id)
    if (entry === undefined) return old.delete(id)
    young.delete(id)
    youngBytes -= entry.bytes
    return true
  }
  return {
    get: (id) => {
      const entry = young.get(id)
      if (entry !== undefined) return entry.cart
      const older = old.get(id)
      if (older === undefined) return undefined
      old.delete(id)
      keep(older)
      return older.cart
    },
    set: (cart) => {
      const wasKept = drop(cart.id)
      if (isSeenAgain(cart.id) || wasKept) keep({ cart, bytes: sizeOf(cart) })
    },
    delete: (id) => {
      drop(id)
    },
  }
}

const seenMax = 8_192

/** Whether the cart was seen before, with few others in between. Remembers a number for each, no cart. */
const rememberSeen = (): ((id: CartId) => boolean) => {
  const seen = new Int32Array(seenMax)
  return (id) => {
    let hash = 0
    for (let index = 0; index < id.length; index += 1) {
      hash = (Math.imul(hash, 31) + id.charCodeAt(index)) | 0
    }
    const slot = hash & (seenMax - 1)
    const isSeen = seen[slot] === hash
    seen[slot] = hash
    return isSeen
  }
}
