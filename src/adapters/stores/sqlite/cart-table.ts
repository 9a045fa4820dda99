// Writes carts, their items and what departs from them.

import type { Row } from '../rows/define-table.ts'
import { itemTable } from '../rows/item-row.ts'
import { olderTable } from '../rows/older-row.ts'
import type { ChangeRows } from './change-rows.ts'
import { type Database, placeholders } from './database.ts'
import { openDepartingTable } from './departing-table.ts'

export type CartTable = {
  /** False, with nothing written, when the cart is not at the expected revision. */
  advance(change: ChangeRows): boolean
  write(change: ChangeRows): void
}

// A row of the cart itself and one of a line share their table, and the column of when each began.
export const lineColumns = itemTable.columns.map((name) =>
  name === 'added_at' ? 'created_at' : name,
)
// The identity of a line, and when it began, never change.
const fixed: ReadonlySet<string> = new Set([
  ...['user_id', 'product_id', 'attributes'],
  ...['item_id', 'created_at'],
])
const updates = lineColumns
  .filter((name) => !fixed.has(name))
  .map((name) => `${name} = excluded.${name}`)

export const openCartTable = (database: Database): CartTable => {
  const selectRevision = database.prepare(
    "select revision from cart_rows where user_id = ? and product_id = '' and attributes = ''",
  )
  const departing = openDepartingTable(database)
  const insertCart = database.prepare(`
    insert into cart_rows (user_id, product_id, attributes, version, revision, departing, created_at,
      updated_at) values (?, '', '', ?, ?, ?, ?, ?) on conflict do nothing`)
  const updateCart = database.prepare(`
    update cart_rows set version = ?, revision = ?, departing = departing + ?, updated_at = ?
    where user_id = ? and product_id = '' and attributes = '' and revision = ?`)
  const putLine = database.prepare(`
    insert into cart_rows (${lineColumns.join(', ')}) values (${placeholders(lineColumns)})
    on conflict do update set ${updates.join(', ')}`)
  const deleteLine = database.prepare(
    'delete from cart_rows where user_id = ? and product_id = ? and attributes = ?',
  )
  const putOlder = database.prepare(`
    insert or replace into older_reservations (${olderTable.columns.join(', ')})
    values (${placeholders(olderTable.columns)})`)
  const deleteOlder = database.prepare(
    'delete from older_reservations where user_id = ? and item_id = ? and key = ?',
  )
  return {
    advance: (change) => {
      const { cartId, cart, expectedRevision } = change
      const { version, revision, createdAt, updatedAt } = cart
      // A write without effect on a cart that was never written leaves no cart behind.
      if (revision === 0) return selectRevision.get(cartId) === undefined
      if (expectedRevision === 0) {
        const count = change.departing?.put.length ?? 0
        const row = [cartId, version, revision, count, createdAt, updatedAt] as const
        if (insertCart.run(...row).changes === 0) return false
        departing.write(change)
        return true
      }
      // In most changes nothing departs: one statement compares and writes.
      if (change.departing !== undefined) {
        const current = selectRevision.get(cartId) as Row | undefined
        if (current?.[0] !== expectedRevision) return false
      }
      const more = departing.write(change)
      const row = [version, revision, more, updatedAt, cartId, expectedRevision] as const
      return updateCart.run(...row).changes === 1
    },
    write: ({ cartId, lines, older }) => {
      // Before the puts: a line may have gone and come back as a new item in one write.
      for (const row of lines.removed ?? []) deleteLine.run(cartId, ...row)
      for (const row of lines.put ?? []) putLine.run(...row)
      for (const row of older?.removed ?? []) deleteOlder.run(cartId, ...row)
      for (const row of older?.put ?? []) putOlder.run(...row)
    },
  }
}
