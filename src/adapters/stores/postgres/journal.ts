import type { CartId } from '../../../domain/cart.ts'
import type { JournalEntry } from '../../../ports/store.ts'
import { toEntry, withoutKey } from '../stored-rows.ts'
import type { Database } from './database.ts'
import type { Part } from './part.ts'

export const appendJournal: Part = {
  name: 'append_journal',
  columns: {
    cart_id: 'text',
    revision: 'bigint',
    entry: 'integer',
    version: 'bigint',
    type: 'text',
    data: 'text',
    actor: 'text',
    at: 'bigint',
    published_at: 'bigint',
  },
  // Nothing publishes entries from this store, so they are born published.
  rowsOf: ({ cartId, at: writtenAt, events }) =>
    events.map(({ revision, place, version, actor, event }) => {
      const { type, at, ...data } = withoutKey(event)
      return [cartId, revision, place, version, type, JSON.stringify(data), actor, at, writtenAt]
    }),
  sql: (rows, isWritten) => `
    insert into journal (cart_id, revision, place, version, type, data, actor, at, published_at)
    select r.cart_id, r.revision, r.entry, r.version, r.type, r.data, r.actor, r.at, r.published_at
    from ${rows} where ${isWritten}`,
}

const read = {
  name: 'read_journal',
  text: `select revision, place, version, type, data, actor, at from journal
    where cart_id = $1 and revision > $2 order by revision, place limit $3`,
}

export const readJournal = async (
  database: Database,
  cartId: CartId,
  after: number,
  limit: number,
): Promise<readonly JournalEntry[]> =>
  (await database.query(read, [cartId, after, limit])).map(toEntry)
