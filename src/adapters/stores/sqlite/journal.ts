// The journal of each cart: what happened, in order.
import type { CartId } from '../../../domain/cart.ts'
import type { Database } from './database.ts'
import type { ChangeRows, Row } from './rows.ts'

export type JournalTable = {
  append(change: ChangeRows): void
  read(cartId: CartId, after: number, limit: number): readonly Row[]
  /** Deletes published entries from before a time, oldest first. */
  sweep(before: number, limit: number): number
}

export const openJournal = (database: Database): JournalTable => {
  const insert = database.prepare(`
    insert into journal (cart_id, revision, place, version, type, data, actor, at, published_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const select = database.prepare(`
    select revision, place, version, type, data, actor, at from journal
    where cart_id = ? and revision > ? order by revision, place limit ?`)
  // Only the oldest rows are looked at: the first young one ends the sweep.
  const deleteOldest = database.prepare(`
    delete from journal where rowid in (select rowid from journal order by rowid limit ?)
      and at < ? and published_at is not null`)
  return {
    append: ({ cartId, at, events }) => {
      // Nothing publishes entries from this store, so they are born published.
      for (const row of events) insert.run(cartId, ...row, at)
    },
    read: (cartId, after, limit) => select.all(cartId, after, limit) as unknown as readonly Row[],
    sweep: (before, limit) => Number(deleteOldest.run(limit, before).changes),
  }
}
