// What both SQL stores read back from their rows: the same columns, in the same order.
import { canonicalText } from '../../domain/attributes.ts'
import type { CartId, ItemId } from '../../domain/cart.ts'
import type { CartEvent } from '../../domain/events.ts'
import type { HoldId, Reservation, ReservationKey } from '../../domain/reservation.ts'
import type { Job, JournalEntry } from '../../ports/store.ts'
import { type Compact, toReservation } from './compact-reservation.ts'

export type StoredRow = readonly (string | number | boolean | null)[]

export const jobColumns = `id, kind, key, cart_id, item_id, product_id, quantity, hold_id, created_at, due_at,
  attempts, unknown_at, last_error, buried_at`

export const toJob = (row: StoredRow): Job => {
  const [id, kind, key, cartId, itemId, productId, quantity, holdId, createdAt, dueAt] = row
  const [attempts, unknownAt, lastError, buriedAt] = row.slice(10)
  return {
    id: id as string,
    kind: kind as Job['kind'],
    key: key as ReservationKey,
    cartId: cartId as CartId,
    itemId: itemId as ItemId,
    productId: productId as string,
    quantity: quantity as number,
    holdId: holdId as HoldId | null,
    createdAt: createdAt as number,
    dueAt: dueAt as number,
    attempts: attempts as number,
    unknownAt: unknownAt as number | null,
    lastError: lastError as string | null,
    buriedAt: buriedAt as number | null,
  }
}

type Aged = Pick<Job, 'id' | 'dueAt'>

export const byAge = (a: Aged, b: Aged): number => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1)

export const toOlder = (rows: readonly StoredRow[]): readonly Reservation[] =>
  rows
    .map(([text]) => toReservation(JSON.parse(text as string) as Compact))
    .sort((a, b) => a.requestedAt - b.requestedAt || (a.key < b.key ? -1 : 1))

// The canonical text of the attributes follows from them.
export const withoutKey = (event: CartEvent): Omit<CartEvent, 'attributesKey'> => {
  if (event.type !== 'item-added') return event
  const { attributesKey: _, ...rest } = event
  return rest
}

const withKey = (event: CartEvent): CartEvent =>
  event.type === 'item-added' ? { ...event, attributesKey: canonicalText(event.attributes) } : event

export const toEntry = ([
  revision,
  place,
  version,
  type,
  data,
  actor,
  at,
]: StoredRow): JournalEntry => ({
  revision: revision as number,
  place: place as number,
  version: version as number,
  actor: actor as string,
  event: withKey({ type, at, ...JSON.parse(data as string) } as CartEvent),
})
