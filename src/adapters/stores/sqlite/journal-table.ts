// The journal of each cart: what happened, in order.
import type { CartId } from '../../../domain/ids.ts'
import type { Row } from '../rows/define-table.ts'
import { journalTable } from '../rows/journal-row.ts'
import type { ChangeRows } from './change-rows.ts'
import { type Database, placeholders } from './database.ts'

export type JournalTable = {
  append(change: ChangeRows): void
  read(cartId: CartId, after: number, limit: number): readonly Row[]
  /** Deletes published entries from before a time, oldest first. */
  sweep(before: number, limit: number): number
}

export const openJournalTable = (database: Database): JournalTable => {
  const columns = journalTable.columns.join(', ')
  const insert = database.prepare(
    `insert into journal (${columns}) values (${placeholders(journalTable.columns)})`,
  )
  const select = database.prepare(`
    select ${columns} from journal
    where user_id = ? and revision > ? order by revision, position limit ?`)
  // Only the oldest rows are looked at: the first young one ends the sweep.
  const deleteOldest = database.prepare(`
    delete from journal where rowid in (select rowid from journal order by rowid limit ?)
      and at < ? and published_at is not null`)
  return {
    append: ({ events }) => {
      for (const row of events) insert.run(...row)
    },
    read: (cartId, after, limit) => select.all(cartId, after, limit) as unknown as readonly Row[],
    sweep: (before, limit) => Number(deleteOldest.run(limit, before).changes),
  }
}
