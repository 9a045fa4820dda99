// Writes carts and their items.
import { createHash } from 'node:crypto'
import type { Item } from '../../../domain/cart.ts'
import type { Change } from '../../../ports/store.ts'
import { fromReservation } from '../compact-reservation.ts'
import type { Row } from './columns.ts'
import type { Part } from './part.ts'

/** The cart itself: what it has to be at, and what it becomes. */
export const cartColumns = {
  user_id: 'text',
  expected: 'bigint',
  version: 'bigint',
  revision: 'bigint',
  created_at: 'bigint',
  updated_at: 'bigint',
} as const

export const toCartRow = ({ cartId, expectedRevision, cart }: Change): Row => {
  const { version, revision, createdAt, updatedAt } = cart
  return [cartId, expectedRevision, version, revision, createdAt, updatedAt]
}

// No index takes a value longer than a third of a page, and attributes may be.
const hashOf = (attributes: string): string =>
  attributes === '{}' ? '' : createHash('sha256').update(attributes).digest('base64url')

const toItemRow = (userId: string, item: Item): Row => [
  userId,
  item.productId,
  hashOf(item.attributesKey),
  item.quantity,
  item.id,
  item.name,
  item.unitPrice?.amount ?? null,
  item.unitPrice?.currency ?? null,
  item.attributesKey,
  JSON.stringify(item.reservations.map(fromReservation)),
  item.older.count === 0 ? null : JSON.stringify(item.older),
  item.addedAt,
  item.updatedAt,
]

export const putItems: Part = {
  name: 'put_items',
  columns: {
    user_id: 'text',
    product_id: 'text',
    attributes_hash: 'text',
    quantity: 'integer',
    item_id: 'text',
    name: 'text',
    unit_price: 'bigint',
    currency: 'text',
    attributes: 'text',
    reservations: 'text',
    older: 'text',
    added_at: 'bigint',
    updated_at: 'bigint',
  },
  rowsOf: ({ cartId, items }) => items.put.map((item) => toItemRow(cartId, item)),
  sql: (rows, isWritten) => `
    insert into cart_items as i (user_id, product_id, attributes_hash, quantity, item_id, name,
      unit_price, currency, attributes, reservations, older, added_at, updated_at)
    select r.user_id, r.product_id, r.attributes_hash, r.quantity, r.item_id, r.name,
      r.unit_price, r.currency, r.attributes, r.reservations, r.older, r.added_at, r.updated_at
    from ${rows} where ${isWritten}
    on conflict (user_id, product_id, attributes_hash) do update set
      quantity = excluded.quantity, item_id = excluded.item_id, name = excluded.name,
      unit_price = excluded.unit_price, currency = excluded.currency,
      reservations = excluded.reservations, older = excluded.older,
      added_at = excluded.added_at, updated_at = excluded.updated_at`,
}

const isSameLine = (a: Item, b: Item): boolean =>
  a.productId === b.productId && a.attributesKey === b.attributesKey

export const removeItems: Part = {
  name: 'remove_items',
  columns: { user_id: 'text', product_id: 'text', attributes_hash: 'text' },
  // A line that went and came back as a new item is put; a statement changes a row once.
  rowsOf: ({ cartId, items: { put, removed } }) =>
    removed
      .filter((item) => !put.some((other) => isSameLine(item, other)))
      .map((item) => [cartId, item.productId, hashOf(item.attributesKey)]),
  sql: (rows, isWritten) => `
    delete from cart_items i using ${rows}
    where i.user_id = r.user_id and i.product_id = r.product_id
      and i.attributes_hash = r.attributes_hash and ${isWritten}`,
}

export const putOlder: Part = {
  name: 'put_older',
  columns: { user_id: 'text', item_id: 'text', key: 'text', reservation: 'text' },
  rowsOf: ({ cartId, older }) =>
    older.put.map(({ itemId, reservation }) => [
      cartId,
      itemId,
      reservation.key,
      JSON.stringify(fromReservation(reservation)),
    ]),
  sql: (rows, isWritten) => `
    insert into older_reservations (user_id, item_id, key, reservation)
    select r.user_id, r.item_id, r.key, r.reservation from ${rows} where ${isWritten}
    on conflict (user_id, item_id, key) do update set reservation = excluded.reservation`,
}

export const removeOlder: Part = {
  name: 'remove_older',
  columns: { user_id: 'text', item_id: 'text', key: 'text' },
  rowsOf: ({ cartId, older }) => older.removed.map(({ itemId, key }) => [cartId, itemId, key]),
  sql: (rows, isWritten) => `
    delete from older_reservations o using ${rows}
    where o.user_id = r.user_id and o.item_id = r.item_id and o.key = r.key and ${isWritten}`,
}
