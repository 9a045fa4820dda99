// Reads a cart or one of its items. Reading never writes.
import { type Cart, findItem } from '../../domain/cart/cart.ts'
import type { Item } from '../../domain/cart/item.ts'
import type { CartId, ItemId } from '../../domain/ids.ts'
import type { Reservation } from '../../domain/reservation/reservation.ts'
import type { Store } from '../../ports/store.ts'
import type { CommandHandler } from './handle-command.ts'

export type CartReader = {
  /** As last committed; empty at version 0 when it was never written. @throws CartError. */
  read(cartId: CartId): Promise<Cart>
  /** The item with all its reservations, in the order they were asked for; null when it is not there. */
  readItem(cartId: CartId, itemId: ItemId): Promise<ItemReading | null>
}

export type ItemReading = {
  readonly cart: Cart
  readonly item: Item
  loadReservations(): Promise<readonly Reservation[]>
}

type Parts = {
  readonly store: Pick<Store, 'loadOlder'>
  readonly commands: Pick<CommandHandler, 'read'>
}

export const readCarts = ({ store, commands }: Parts): CartReader => ({
  read: commands.read,
  readItem: async (cartId, itemId) => {
    const cart = await commands.read(cartId)
    const item = findItem(cart, itemId)
    if (item === undefined) return null
    const loadReservations = async () =>
      item.older.count === 0
        ? item.reservations
        : [...(await store.loadOlder(cartId, item.id)), ...item.reservations]
    return { cart, item, loadReservations }
  },
})
