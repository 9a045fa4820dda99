// The volatile store: everything in maps, gone with the process. For tests and trials.
import { type Cart, emptyCart } from '../../../domain/cart/cart.ts'
import type { CartId } from '../../../domain/ids.ts'
import type { Reservation } from '../../../domain/reservation/reservation.ts'
import type { Answer, Change, JournalEntry, Store } from '../../../ports/store.ts'
import { byLeaving } from '../rows/departing-row.ts'
import { byAddition } from '../rows/item-row.ts'
import { openJobTable } from './job-table.ts'

type Kept = {
  cart: Cart
  /** By item. */
  readonly older: Map<string, Map<string, Reservation>>
  journal: JournalEntry[]
  answers: Answer[]
}

export const openMemoryStore = (): Store => {
  const carts = new Map<CartId, Kept>()
  const jobs = openJobTable()

  const keptOf = (cartId: CartId): Kept => {
    const known = carts.get(cartId)
    if (known !== undefined) return known
    const kept = { cart: emptyCart(cartId), older: new Map(), journal: [], answers: [] }
    carts.set(cartId, kept)
    return kept
  }

  return {
    name: 'memory',
    durability: 'volatile',
    ownership: 'sole',
    handOver: null,
    load: async (cartId, keys) => {
      const kept = carts.get(cartId)
      const answers = (kept?.answers ?? []).filter((answer) =>
        keys.some((key) => isOf(answer, key)),
      )
      return { cart: kept?.cart ?? emptyCart(cartId), answers }
    },
    loadOlder: async (cartId, itemId) =>
      [...(carts.get(cartId)?.older.get(itemId)?.values() ?? [])].sort(
        (a, b) => a.requestedAt - b.requestedAt || (a.key < b.key ? -1 : 1),
      ),
    commit: async (change) => {
      if (!change.leases.every(jobs.has)) return 'lease-lost'
      const before = carts.get(change.cartId)
      const isUsed = change.answers.some((a) => before?.answers.some((b) => isOf(b, a)))
      if (isUsed || (before?.cart.revision ?? 0) !== change.expectedRevision) return 'conflict'
      const kept = keptOf(change.cartId)
      kept.cart = changed(kept.cart, change)
      changeOlder(kept.older, change)
      kept.journal.push(...change.events)
      kept.answers.push(...change.answers)
      jobs.write(change)
      return 'committed'
    },
    readJournal: async (cartId, after, limit) =>
      (carts.get(cartId)?.journal ?? []).filter((e) => e.revision > after).slice(0, limit),
    claimJobs: async (claim) => jobs.claim(claim),
    putBackJobs: async (workerId, putBack, now) => jobs.putBack(workerId, putBack, now),
    beat: async (workerId, now, leaseMs) => jobs.beat(workerId, now, leaseMs),
    findJob: async (id) => jobs.find(id),
    listBuried: async (after, limit) => jobs.listBuried(after, limit),
    countJobs: async (now) => jobs.count(now),
    sweep: async ({ answersBefore, journalBefore, limit }) => {
      let swept = 0
      for (const kept of carts.values()) {
        const rows = kept.answers.length + kept.journal.length
        kept.answers = dropOld(kept.answers, limit - swept, (a) => a.at < answersBefore)
        kept.journal = dropOld(kept.journal, limit - swept, (e) => e.event.at < journalBefore)
        swept += rows - kept.answers.length - kept.journal.length
        if (swept >= limit) break
      }
      return swept
    },
    check: async () => {},
    [Symbol.asyncDispose]: async () => carts.clear(),
  }
}

const isOf = (
  answer: Pick<Answer, 'caller' | 'key'>,
  key: Pick<Answer, 'caller' | 'key'>,
): boolean => answer.key === key.key && answer.caller === key.caller

const dropOld = <T>(rows: T[], countMax: number, isOld: (row: T) => boolean): T[] => {
  let dropped = 0
  return rows.filter((row) => {
    if (dropped >= countMax || !isOld(row)) return true
    dropped += 1
    return false
  })
}

const changed = (cart: Cart, { cart: head, items, departing }: Change): Cart => {
  if (head.revision === 0) return cart
  const gone = new Set([...items.removed, ...items.put].map((item) => item.id))
  const left = new Set([...departing.removed, ...departing.put.map((d) => d.key)])
  const { version, revision, createdAt, updatedAt } = head
  return {
    id: cart.id,
    version,
    revision,
    createdAt,
    updatedAt,
    items: [...cart.items.filter((item) => !gone.has(item.id)), ...items.put].sort(byAddition),
    departing: [...cart.departing.filter((d) => !left.has(d.key)), ...departing.put].sort(
      byLeaving,
    ),
  }
}

const changeOlder = (stored: Kept['older'], { older }: Change): void => {
  for (const { itemId, key } of older.removed) stored.get(itemId)?.delete(key)
  for (const { itemId, reservation } of older.put) {
    const rows = stored.get(itemId) ?? new Map<string, Reservation>()
    rows.set(reservation.key, reservation)
    stored.set(itemId, rows)
  }
  for (const { itemId } of older.removed) if (stored.get(itemId)?.size === 0) stored.delete(itemId)
}
