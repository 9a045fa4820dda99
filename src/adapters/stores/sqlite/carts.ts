// Carts, their items and what is departing from them.
import {
  type Cart,
  type CartId,
  emptyCart,
  type Item,
  type ItemId,
  type JsonObject,
  noneOlder,
  type Older,
} from '../../../domain/cart.ts'
import type { Departing, HoldId, Reservation, ReservationKey } from '../../../domain/reservation.ts'
import type { Change } from '../../../ports/store.ts'
import type { Database, Row } from './database.ts'

export type CartRows = {
  load(cartId: CartId): Cart
  loadOlder(cartId: CartId, itemId: ItemId): readonly Reservation[]
  /** False, with nothing written, when the cart is not at the expected revision. */
  advance(change: Change): boolean
  write(change: Change): void
}

export const openCarts = (database: Database): CartRows => {
  const selectCart = database.prepare(
    'select version, revision, created_at, updated_at from carts where cart_id = ?',
  )
  const selectItems = database.prepare(`
    select item_id, product_id, attributes, name, quantity, reservations, older, added_at, updated_at
    from cart_items where user_id = ? order by added_at, item_id`)
  const selectDeparting = database.prepare(`
    select key, item_id, quantity, state, hold_id, since
    from departing where user_id = ? order by since, key`)
  const selectOlder = database.prepare(
    'select reservation from older_reservations where user_id = ? and item_id = ?',
  )
  const insertCart = database.prepare(`
    insert into carts (version, revision, created_at, updated_at, cart_id) values (?, ?, ?, ?, ?)
    on conflict do nothing`)
  const updateCart = database.prepare(`
    update carts set version = ?, revision = ?, updated_at = ? where cart_id = ? and revision = ?`)
  const putItem = database.prepare(`
    insert into cart_items (user_id, product_id, attributes, item_id, name, quantity, reservations,
      older, added_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict do update set name = excluded.name, quantity = excluded.quantity,
      reservations = excluded.reservations, older = excluded.older, updated_at = excluded.updated_at`)
  const deleteItem = database.prepare(
    'delete from cart_items where user_id = ? and product_id = ? and attributes = ?',
  )
  const putOlder = database.prepare('insert or replace into older_reservations values (?, ?, ?, ?)')
  const deleteOlder = database.prepare(
    'delete from older_reservations where user_id = ? and item_id = ? and key = ?',
  )
  const putDeparting = database.prepare(`
    insert or replace into departing (user_id, key, item_id, quantity, state, hold_id, since)
    values (?, ?, ?, ?, ?, ?, ?)`)
  const deleteDeparting = database.prepare('delete from departing where user_id = ? and key = ?')

  return {
    load: (cartId) => {
      const row = selectCart.get(cartId) as Row | undefined
      if (row === undefined) return emptyCart(cartId)
      const [version, revision, createdAt, updatedAt] = row as number[]
      return {
        id: cartId,
        version: Number(version),
        revision: Number(revision),
        items: (selectItems.all(cartId) as unknown as Row[]).map(toItem),
        departing: (selectDeparting.all(cartId) as unknown as Row[]).map(toDeparting),
        createdAt: Number(createdAt),
        updatedAt: Number(updatedAt),
      }
    },
    loadOlder: (cartId, itemId) =>
      (selectOlder.all(cartId, itemId) as unknown as [string][])
        .map(([text]) => JSON.parse(text) as Reservation)
        .sort((a, b) => a.requestedAt - b.requestedAt || (a.key < b.key ? -1 : 1)),
    advance: ({ cartId, cart, expectedRevision }) => {
      const { version, revision, createdAt, updatedAt } = cart
      // A write without effect on a cart that was never written leaves no cart behind.
      if (revision === 0) return selectCart.get(cartId) === undefined
      const result =
        expectedRevision === 0
          ? insertCart.run(version, revision, createdAt, updatedAt, cartId)
          : updateCart.run(version, revision, updatedAt, cartId, expectedRevision)
      return result.changes === 1
    },
    write: ({ cartId, items, older, departing }) => {
      // Before the puts: a line may have gone and come back as a new item in one write.
      for (const item of items.removed) deleteItem.run(cartId, item.productId, item.attributesKey)
      for (const item of items.put) putItem.run(...fromItem(cartId, item))
      for (const { itemId, key } of older.removed) deleteOlder.run(cartId, itemId, key)
      for (const { itemId, reservation } of older.put) {
        putOlder.run(cartId, itemId, reservation.key, JSON.stringify(reservation))
      }
      for (const key of departing.removed) deleteDeparting.run(cartId, key)
      for (const d of departing.put) {
        putDeparting.run(cartId, d.key, d.itemId, d.quantity, d.state, d.holdId, d.since)
      }
    },
  }
}

const fromItem = (cartId: CartId, item: Item) =>
  [
    cartId,
    item.productId,
    item.attributesKey,
    item.id,
    item.name,
    item.quantity,
    JSON.stringify(item.reservations),
    item.older.count === 0 ? null : JSON.stringify(item.older),
    item.addedAt,
    item.updatedAt,
  ] as const

const toItem = (row: Row): Item => {
  const [id, productId, attributes, name, quantity, reservations, older, addedAt, updatedAt] = row
  return {
    id: id as ItemId,
    productId: productId as string,
    name: name as string | null,
    attributes: JSON.parse(attributes as string) as JsonObject,
    attributesKey: attributes as string,
    quantity: quantity as number,
    reservations: JSON.parse(reservations as string) as Reservation[],
    older: older === null ? noneOlder : (JSON.parse(older as string) as Older),
    addedAt: addedAt as number,
    updatedAt: updatedAt as number,
  }
}

const toDeparting = ([key, itemId, quantity, state, holdId, since]: Row): Departing => ({
  key: key as ReservationKey,
  itemId: itemId as ItemId,
  quantity: quantity as number,
  state: state as Departing['state'],
  holdId: holdId as HoldId | null,
  since: since as number,
})
