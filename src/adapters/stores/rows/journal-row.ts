import { canonicalText } from '../../../domain/cart/canonical-json.ts'
import type { CartEvent, EventType } from '../../../domain/cart/events.ts'
import { eventTypes } from '../../../domain/cart/events.ts'
import type { JsonObject } from '../../../domain/cart/item.ts'
import type { CartId } from '../../../domain/ids.ts'
import type { JournalEntry } from '../../../ports/store.ts'
import {
  bigint,
  defineTable,
  integer,
  nullable,
  oneOf,
  type Row,
  text,
  textAs,
} from './define-table.ts'
import { parseJson, toObject } from './json-cell.ts'

const columns = {
  user_id: textAs<CartId>(),
  revision: bigint,
  position: integer,
  version: bigint,
  type: oneOf<EventType>(...eventTypes),
  /** JSON: the fields of the event that have no column of their own. */
  data: text,
  actor: text,
  at: bigint,
  /** Null until it is published. */
  published_at: nullable(bigint),
}

export const journalTable = defineTable('journal', columns)

// The canonical text of the attributes follows from them; the rest has columns of its own.
const elsewhere = { type: undefined, at: undefined, attributesKey: undefined }

export const fromEntry = (cartId: CartId, entry: JournalEntry, publishedAt: number | null): Row => {
  const { revision, position, version, actor, event } = entry
  return journalTable.toRow({
    user_id: cartId,
    revision,
    position,
    version,
    type: event.type,
    data: JSON.stringify({ ...event, ...elsewhere }),
    actor,
    at: event.at,
    published_at: publishedAt,
  })
}

/** @throws Error when the row holds what it may not. */
export const toEntry = (row: readonly unknown[]): JournalEntry => {
  const { revision, position, version, actor, type, at, data } = journalTable.fromRow(row)
  const fields = toObject(parseJson(data, 'journal.data'), 'journal.data')
  const attributesKey =
    type === 'item-added' ? { attributesKey: canonicalText(fields.attributes as JsonObject) } : {}
  // What is in the data was an event when it was written.
  const event = { type, at, ...fields, ...attributesKey } as unknown as CartEvent
  return { revision, position, version, actor, event }
}
