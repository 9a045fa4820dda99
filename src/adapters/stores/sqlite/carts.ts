// Writes carts, their items and what departs from them.
import type { Database } from './database.ts'
import { openDepartures } from './departures.ts'
import type { ChangeRows, Row } from './rows.ts'

export type CartTable = {
  /** False, with nothing written, when the cart is not at the expected revision. */
  advance(change: ChangeRows): boolean
  write(change: ChangeRows): void
}

export const openCarts = (database: Database): CartTable => {
  const selectRevision = database.prepare(
    "select revision from cart_rows where user_id = ? and product_id = '' and attributes = ''",
  )
  const departures = openDepartures(database)
  const insertCart = database.prepare(`
    insert into cart_rows (user_id, product_id, attributes, version, revision, departing, created_at,
      updated_at) values (?, '', '', ?, ?, ?, ?, ?) on conflict do nothing`)
  const updateCart = database.prepare(`
    update cart_rows set version = ?, revision = ?, departing = departing + ?, updated_at = ?
    where user_id = ? and product_id = '' and attributes = '' and revision = ?`)
  const putItem = database.prepare(`
    insert into cart_rows (user_id, product_id, attributes, item_id, name, quantity, unit_price,
      currency, reservations, older, created_at, updated_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict do update set name = excluded.name, quantity = excluded.quantity,
      unit_price = excluded.unit_price, currency = excluded.currency,
      reservations = excluded.reservations, older = excluded.older, updated_at = excluded.updated_at`)
  const deleteItem = database.prepare(
    'delete from cart_rows where user_id = ? and product_id = ? and attributes = ?',
  )
  const putOlder = database.prepare('insert or replace into older_reservations values (?, ?, ?, ?)')
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
        const departing = change.departing?.put.length ?? 0
        const row = [cartId, version, revision, departing, createdAt, updatedAt] as const
        if (insertCart.run(...row).changes === 0) return false
        departures.write(change)
        return true
      }
      // Most changes let nobody depart: one statement compares and writes.
      if (change.departing !== undefined) {
        const current = selectRevision.get(cartId) as Row | undefined
        if (current?.[0] !== expectedRevision) return false
      }
      const more = departures.write(change)
      const row = [version, revision, more, updatedAt, cartId, expectedRevision] as const
      return updateCart.run(...row).changes === 1
    },
    write: ({ cartId, lines, older }) => {
      // Before the puts: a line may have gone and come back as a new item in one write.
      for (const row of lines.removed ?? []) deleteItem.run(cartId, ...row)
      for (const row of lines.put ?? []) putItem.run(cartId, ...row)
      for (const row of older?.removed ?? []) deleteOlder.run(cartId, ...row)
      for (const row of older?.put ?? []) putOlder.run(cartId, ...row)
    },
  }
}
