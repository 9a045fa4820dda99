// A cart as the list of what was added to it: a row for each reservation, newest first.
import type { CommandHandler } from '../../../../application/handle-command.ts'
import { type CartId, coverageOf, type Item } from '../../../../domain/cart.ts'
import { isAtRest, type Reservation } from '../../../../domain/reservation.ts'
import type { Store } from '../../../../ports/store.ts'

/** Where a row stands in the list. It keeps its place, whatever comes of its reservation. */
export type Place = { readonly at: number; readonly id: string }

export type Row = Place & {
  readonly name: string
  readonly quantity: number
  readonly status: Reservation['status']
  readonly holdId: string | null
  readonly updatedAt: number
}

export type Page = { readonly rows: readonly Row[]; readonly next: Place | null }

type Parts = { readonly store: Store; readonly commands: CommandHandler }
type Wanted = { readonly after: Place | null; readonly limit: number }

/** Holds a few pages at a time, whatever the cart has been through. */
export const readAdditions = async (
  { store, commands }: Parts,
  cartId: CartId,
  { after, limit }: Wanted,
): Promise<Page> => {
  const { items } = await commands.read(cartId)
  // One more than asked for: it says whether there is another page.
  const newest = keepNewest(after, limit + 1)
  for (const item of items) newest.add(rowsBeside(item))
  newest.rows()
  for (const item of items) {
    if (item.older.count === 0 || (after !== null && item.addedAt > after.at)) continue
    if (newest.fullDownTo() > olderUntil(item)) continue
    const older = await store.loadOlder(cartId, item.id)
    newest.add(older.map((reservation) => toRow(item, reservation)))
  }
  const page = newest.rows()
  const rows = page.slice(0, limit)
  return { rows, next: page.length > limit ? (rows.at(-1) ?? null) : null }
}

/** The first `count` rows behind `after`. A row may come twice. */
const keepNewest = (after: Place | null, count: number) => {
  let kept: readonly Row[] = []
  let added: Row[] = []
  const rows = () => {
    if (added.length === 0) return kept
    const byId = new Map([...kept, ...added].map((row) => [row.id, row]))
    kept = [...byId.values()].sort(compare).slice(0, count)
    added = []
    return kept
  }
  return {
    add: (more: readonly Row[]) => {
      const last = kept[count - 1]
      for (const row of more) {
        if (after !== null && compare(row, after) <= 0) continue
        if (last === undefined || compare(row, last) < 0) added.push(row)
      }
      // Sorted in bulk: once for each item, it took most of the time of an answer.
      if (added.length > 2 * count) rows()
    },
    /** Rows from before this time have no place any more, as far as is known yet. */
    fullDownTo: () => kept[count - 1]?.at ?? -1,
    rows,
  }
}

// Newest first; ids are in the order they were made.
const compare = (a: Place, b: Place): number => {
  if (a.at !== b.at) return b.at - a.at
  if (a.id === b.id) return 0
  return a.id < b.id ? 1 : -1
}

// Processes that share a store do not agree on the time to the millisecond.
const clockSkewMs = 5_000

/** When the latest reservation that is stored apart may have been asked for. */
const olderUntil = (item: Item): number => {
  const earliest = item.reservations.find(isAtRest)
  return (earliest?.requestedAt ?? item.updatedAt) + clockSkewMs
}

const rowsBeside = (item: Item): readonly Row[] => {
  // What replaces another counts for nothing until it takes over.
  const rows = item.reservations.filter((r) => r.wanted > 0).map((r) => toRow(item, r))
  const { uncovered } = coverageOf(item)
  if (uncovered <= 0) return rows
  const { id, productId: name, addedAt: at, updatedAt } = item
  const unasked = { id, name, quantity: uncovered, at, updatedAt, holdId: null }
  return [...rows, { ...unasked, status: 'pending' }]
}

export const toRow = (item: Item, reservation: Reservation): Row => {
  const { key: id, wanted: quantity, status, holdId, requestedAt: at, settledAt } = reservation
  return { id, name: item.productId, quantity, status, holdId, at, updatedAt: settledAt ?? at }
}

/** Units that nobody asks to reserve: the row of the item itself. */
export const toUnaskedRow = (item: Item): Row => {
  const { id, productId: name, quantity, addedAt: at, updatedAt } = item
  return { id, name, quantity, status: 'pending', holdId: null, at, updatedAt }
}
