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

/** Holds one page and the stored reservations of one item at a time, whatever the cart has been through. */
export const readAdditions = async (
  { store, commands }: Parts,
  cartId: CartId,
  { after, limit }: Wanted,
): Promise<Page> => {
  const { items } = await commands.read(cartId)
  // One more than asked for: it says whether there is another page.
  const newest = (rows: readonly Row[]): readonly Row[] =>
    [...new Map(rows.map((row) => [row.id, row])).values()]
      .filter((row) => after === null || compare(after, row) < 0)
      .sort(compare)
      .slice(0, limit + 1)
  let page = newest(items.flatMap(rowsBeside))
  for (const item of items) {
    if (item.older.count === 0 || (after !== null && item.addedAt > after.at)) continue
    const last = page[limit]
    if (last !== undefined && last.at > olderUntil(item)) continue
    const older = await store.loadOlder(cartId, item.id)
    page = newest([...page, ...older.map((reservation) => toRow(item, reservation))])
  }
  const rows = page.slice(0, limit)
  return { rows, next: page.length > limit ? (rows.at(-1) ?? null) : null }
}

// Newest first; ids are in the order they were made.
const compare = (a: Place, b: Place): number => {
  if (a.at !== b.at) return b.at - a.at
  if (a.id === b.id) return 0
  return a.id < b.id ? 1 : -1
}

// Processes that share a store do not agree on the time to the millisecond.
const clockSkewMs = 60_000

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
