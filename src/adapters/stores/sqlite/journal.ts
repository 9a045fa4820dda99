// The journal of each cart: what happened, in order.
import { canonicalText } from '../../../domain/attributes.ts'
import type { CartId } from '../../../domain/cart.ts'
import type { CartEvent } from '../../../domain/events.ts'
import type { Change, JournalEntry } from '../../../ports/store.ts'
import type { Database, Row } from './database.ts'

export type JournalRows = {
  append(change: Change): void
  read(cartId: CartId, after: number, limit: number): readonly JournalEntry[]
  /** Deletes published entries from before a time, oldest first. */
  sweep(before: number, limit: number): number
}

export const openJournal = (database: Database): JournalRows => {
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
    append: ({ cartId, events }) => {
      for (const { revision, place, version, actor, event } of events) {
        const { type, at, ...data } = withoutKey(event)
        const text = JSON.stringify(data)
        // Nothing publishes entries from this store, so they are born published.
        insert.run(cartId, revision, place, version, type, text, actor, at, at)
      }
    },
    read: (cartId, after, limit) =>
      (select.all(cartId, after, limit) as unknown as Row[]).map(toEntry),
    sweep: (before, limit) => Number(deleteOldest.run(limit, before).changes),
  }
}

const toEntry = ([revision, place, version, type, data, actor, at]: Row): JournalEntry => ({
  revision: revision as number,
  place: place as number,
  version: version as number,
  actor: actor as string,
  event: withKey({ type, at, ...JSON.parse(data as string) } as CartEvent),
})

// The canonical text of the attributes follows from them.
const withoutKey = (event: CartEvent): Omit<CartEvent, 'attributesKey'> => {
  if (event.type !== 'item-added') return event
  const { attributesKey: _, ...rest } = event
  return rest
}

const withKey = (event: CartEvent): CartEvent =>
  event.type === 'item-added' ? { ...event, attributesKey: canonicalText(event.attributes) } : event
