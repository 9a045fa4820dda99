// The journal of each cart: what happened, in order.
import type { CartId } from '../../../domain/ids.ts'
import type { JournalEntry } from '../../../ports/store.ts'
import { fromEntry, journalTable, toEntry } from '../rows/journal-row.ts'
import type { Database } from './database.ts'
import { insertAll, type Part } from './statement-part.ts'

export const appendJournal: Part = {
  name: 'append_journal',
  columns: journalTable.types,
  // No publisher reads this store, so entries are born published.
  rowsOf: ({ cartId, at, events }) => events.map((entry) => fromEntry(cartId, entry, at)),
  sql: (rows, isWritten) => insertAll('journal', journalTable.columns, rows, isWritten),
}

const read = {
  name: 'read_journal',
  text: `select ${journalTable.columns.join(', ')} from journal
    where user_id = $1 and revision > $2 order by revision, position limit $3`,
}

export const readJournal = async (
  database: Database,
  cartId: CartId,
  after: number,
  limit: number,
): Promise<readonly JournalEntry[]> =>
  (await database.query(read, [cartId, after, limit])).map(toEntry)
