// Writes carts and their items.
import { createHash } from 'node:crypto'
import type { Item } from '../../../domain/cart/item.ts'
import type { Change } from '../../../ports/store.ts'
import { fromItem, itemTable } from '../rows/item-row.ts'
import { fromOlder, olderTable } from '../rows/older-row.ts'
import type { ArrayRow } from './array-columns.ts'
import { fromExcluded, insertAll, type Part } from './statement-part.ts'

/** The cart itself: the revision that it has to be at, and what it becomes. */
export const headColumns = {
  user_id: 'text',
  expected: 'bigint',
  version: 'bigint',
  revision: 'bigint',
  created_at: 'bigint',
  updated_at: 'bigint',
} as const

export const toHeadRow = ({ cartId, expectedRevision, cart }: Change): ArrayRow => {
  const { version, revision, createdAt, updatedAt } = cart
  return [cartId, expectedRevision, version, revision, createdAt, updatedAt]
}

// No index takes a value longer than a third of a page, and attributes may be.
const hashOf = (attributes: string): string =>
  attributes === '{}' ? '' : createHash('sha256').update(attributes).digest('base64url')

const lineKey = ['user_id', 'product_id', 'attributes_hash']

export const putItems: Part = {
  name: 'put_items',
  columns: { attributes_hash: 'text', ...itemTable.types },
  rowsOf: ({ cartId, items }) =>
    items.put.map((item) => [hashOf(item.attributesKey), ...fromItem(cartId, item)]),
  sql: (rows, isWritten) => {
    const columns = ['attributes_hash', ...itemTable.columns]
    const changing = columns.filter((name) => !lineKey.includes(name) && name !== 'attributes')
    return `${insertAll('cart_items', columns, rows, isWritten)}
    on conflict (${lineKey.join(', ')}) do update set ${fromExcluded(changing)}`
  },
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
  columns: olderTable.types,
  rowsOf: ({ cartId, older }) =>
    older.put.map(({ itemId, reservation }) => fromOlder(cartId, itemId, reservation)),
  sql: (rows, isWritten) => `
    ${insertAll('older_reservations', olderTable.columns, rows, isWritten)}
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
