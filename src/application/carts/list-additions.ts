// A cart as the list of what was added to it: an addition for each reservation, newest first.
import { coverageOf, type Item } from '../../domain/cart/item.ts'
import type { CartId } from '../../domain/ids.ts'
import { isAtRest, type Reservation } from '../../domain/reservation/reservation.ts'
import type { Store } from '../../ports/store.ts'
import type { CommandHandler } from './handle-command.ts'

/** Where an addition stands in the list. It stays there, whatever comes of its reservation. */
export type AdditionCursor = { readonly at: number; readonly id: string }

export type Addition = AdditionCursor & {
  readonly productId: string
  readonly quantity: number
  readonly status: Reservation['status']
  readonly holdId: string | null
  readonly updatedAt: number
}

export type AdditionsPage = {
  readonly additions: readonly Addition[]
  readonly next: AdditionCursor | null
}

/** Those behind the cursor, at most `limit`. @throws CartError store-unavailable. */
export type ListAdditions = (
  cartId: CartId,
  after: AdditionCursor | null,
  limit: number,
) => Promise<AdditionsPage>

type Parts = {
  readonly store: Pick<Store, 'loadOlder'>
  readonly commands: Pick<CommandHandler, 'read'>
}

/** Holds a few pages at a time, whatever the cart has been through. */
export const listAdditions =
  ({ store, commands }: Parts): ListAdditions =>
  async (cartId, after, limit) => {
    const { items } = await commands.read(cartId)
    // One more than asked for: it says whether there is another page.
    const newest = keepNewest(after, limit + 1)
    for (const item of items) newest.add(additionsBeside(item))
    newest.list()
    for (const item of items) {
      if (item.older.count === 0 || (after !== null && item.addedAt > after.at)) continue
      if (newest.fullDownTo() > olderUntil(item)) continue
      const older = await store.loadOlder(cartId, item.id)
      newest.add(older.map((reservation) => toAddition(item, reservation)))
    }
    const page = newest.list()
    const additions = page.slice(0, limit)
    return { additions, next: page.length > limit ? (additions.at(-1) ?? null) : null }
  }

/** The first `count` additions behind `after`. One may come twice. */
const keepNewest = (after: AdditionCursor | null, count: number) => {
  let kept: readonly Addition[] = []
  let added: Addition[] = []
  const list = () => {
    if (added.length === 0) return kept
    const byId = new Map([...kept, ...added].map((addition) => [addition.id, addition]))
    kept = [...byId.values()].sort(compare).slice(0, count)
    added = []
    return kept
  }
  return {
    add: (more: readonly Addition[]) => {
      const last = kept[count - 1]
      for (const addition of more) {
        if (after !== null && compare(addition, after) <= 0) continue
        if (last === undefined || compare(addition, last) < 0) added.push(addition)
      }
      // Sorted in bulk: once for each item, it took most of the time of an answer.
      if (added.length > 2 * count) list()
    },
    /** Additions from before this time are beyond the page, as far as is known yet. */
    fullDownTo: () => kept[count - 1]?.at ?? -1,
    list,
  }
}

// Newest first; ids are in the order they were made.
const compare = (a: AdditionCursor, b: AdditionCursor): number => {
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

const additionsBeside = (item: Item): readonly Addition[] => {
  // What replaces another counts for nothing until it takes over.
  const additions = item.reservations
    .filter((r) => r.wanted > 0)
    .map((reservation) => toAddition(item, reservation))
  const { uncovered } = coverageOf(item)
  return uncovered <= 0 ? additions : [...additions, { ...toUnasked(item), quantity: uncovered }]
}

export const toAddition = (item: Item, reservation: Reservation): Addition => {
  const { key: id, wanted: quantity, status, requestedAt: at } = reservation
  const updatedAt = 'settledAt' in reservation ? reservation.settledAt : at
  const holdId = reservation.status === 'reserved' ? reservation.holdId : null
  return { id, productId: item.productId, quantity, status, holdId, at, updatedAt }
}

/** Units that were never asked for: the addition is the item itself. */
export const toUnasked = (item: Item): Addition => {
  const { id, productId, quantity, addedAt: at, updatedAt } = item
  return { id, productId, quantity, status: 'pending', holdId: null, at, updatedAt }
}
