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
import type { Reservation } from '../../../domain/reservation.ts'
import type { Change } from '../../../ports/store.ts'
import { type Compact, fromReservation, toReservation } from './compact-reservation.ts'
import type { Database, Row } from './database.ts'
import { openDepartures } from './departures.ts'

export type CartRows = {
  load(cartId: CartId): Cart
  loadOlder(cartId: CartId, itemId: ItemId): readonly Reservation[]
  /** False, with nothing written, when the cart is not at the expected revision. */
  advance(change: Change): boolean
  write(change: Change): void
}

export const openCarts = (database: Database): CartRows => {
  // The row of the cart comes first: its product id is empty.
  const selectRows = database.prepare(`
    select version, revision, departing, item_id, product_id, attributes, name, quantity,
      reservations, older, created_at, updated_at
    from cart_rows where user_id = ? order by product_id, attributes`)
  const selectRevision = database.prepare(
    "select revision from cart_rows where user_id = ? and product_id = '' and attributes = ''",
  )
  const departures = openDepartures(database)
  const selectOlder = database.prepare(
    'select reservation from older_reservations where user_id = ? and item_id = ?',
  )
  const insertCart = database.prepare(`
    insert into cart_rows (user_id, product_id, attributes, version, revision, departing, created_at,
      updated_at) values (?, '', '', ?, ?, ?, ?, ?) on conflict do nothing`)
  const updateCart = database.prepare(`
    update cart_rows set version = ?, revision = ?, departing = departing + ?, updated_at = ?
    where user_id = ? and product_id = '' and attributes = '' and revision = ?`)
  const putItem = database.prepare(`
    insert into cart_rows (user_id, product_id, attributes, item_id, name, quantity, reservations,
      older, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict do update set name = excluded.name, quantity = excluded.quantity,
      reservations = excluded.reservations, older = excluded.older, updated_at = excluded.updated_at`)
  const deleteItem = database.prepare(
    'delete from cart_rows where user_id = ? and product_id = ? and attributes = ?',
  )
  const putOlder = database.prepare('insert or replace into older_reservations values (?, ?, ?, ?)')
  const deleteOlder = database.prepare(
    'delete from older_reservations where user_id = ? and item_id = ? and key = ?',
  )
  return {
    load: (cartId) => {
      const [head, ...lines] = selectRows.all(cartId) as unknown as Row[]
      if (head === undefined) return emptyCart(cartId)
      const [version, revision, departing] = head as number[]
      return {
        id: cartId,
        version: version as number,
        revision: revision as number,
        items: lines.map(toItem).sort((a, b) => a.addedAt - b.addedAt || (a.id < b.id ? -1 : 1)),
        departing: departing === 0 ? [] : departures.load(cartId),
        createdAt: head[10] as number,
        updatedAt: head[11] as number,
      }
    },
    loadOlder: (cartId, itemId) =>
      (selectOlder.all(cartId, itemId) as unknown as [string][])
        .map(([text]) => toReservation(JSON.parse(text)))
        .sort((a, b) => a.requestedAt - b.requestedAt || (a.key < b.key ? -1 : 1)),
    advance: (change) => {
      const { cartId, cart, expectedRevision } = change
      const { version, revision, createdAt, updatedAt } = cart
      // A write without effect on a cart that was never written leaves no cart behind.
      if (revision === 0) return selectRevision.get(cartId) === undefined
      if (expectedRevision === 0) {
        const departing = change.departing.put.length
        const row = [cartId, version, revision, departing, createdAt, updatedAt] as const
        if (insertCart.run(...row).changes === 0) return false
        departures.write(change)
        return true
      }
      const current = selectRevision.get(cartId) as Row | undefined
      if (current?.[0] !== expectedRevision) return false
      const more = departures.write(change)
      updateCart.run(version, revision, more, updatedAt, cartId, expectedRevision)
      return true
    },
    write: ({ cartId, items, older }) => {
      // Before the puts: a line may have gone and come back as a new item in one write.
      for (const item of items.removed) deleteItem.run(cartId, item.productId, item.attributesKey)
      for (const item of items.put) putItem.run(...fromItem(cartId, item))
      for (const { itemId, key } of older.removed) deleteOlder.run(cartId, itemId, key)
      for (const { itemId, reservation } of older.put) {
        putOlder.run(cartId, itemId, reservation.key, JSON.stringify(fromReservation(reservation)))
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
    JSON.stringify(item.reservations.map(fromReservation)),
    item.older.count === 0 ? null : JSON.stringify(item.older),
    item.addedAt,
    item.updatedAt,
  ] as const

const toItem = (row: Row): Item => {
  const [id, productId, attributes, name, quantity, reservations, older] = row.slice(3)
  return {
    id: id as ItemId,
    productId: productId as string,
    name: name as string | null,
    attributes: JSON.parse(attributes as string) as JsonObject,
    attributesKey: attributes as string,
    quantity: quantity as number,
    reservations: (JSON.parse(reservations as string) as Compact[]).map(toReservation),
    older: older === null ? noneOlder : (JSON.parse(older as string) as Older),
    addedAt: row[10] as number,
    updatedAt: row[11] as number,
  }
}
