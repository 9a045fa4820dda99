// Pages of a cart's journal. A revision is not split: what happened together is read together.
import type { CartId } from '../../domain/ids.ts'
import type { JournalEntry, JournalStore } from '../../ports/store.ts'

export type JournalPage = {
  readonly entries: readonly JournalEntry[]
  /** Read on after this revision; null at the end. */
  readonly next: number | null
}

/** Entries above revision `after`, about `limit` of them. @throws CartError store-unavailable. */
export type ReadJournal = (cartId: CartId, after: number, limit: number) => Promise<JournalPage>

// One command makes at most a few events for each of its operations and items.
const entriesPerRevisionMax = 2_000

export const readJournals =
  (store: JournalStore): ReadJournal =>
  async (cartId, after, limit) => {
    const found = await store.readJournal(cartId, after, limit + 1)
    if (found.length <= limit) return { entries: found, next: null }
    // The last revision may go on behind the page, so it goes to the next one.
    const cut = found.at(-1)?.revision ?? 0
    const whole = found.filter((entry) => entry.revision !== cut)
    if (whole.length > 0) return { entries: whole, next: whole.at(-1)?.revision ?? null }
    // A revision that is larger than the page is a page of its own.
    const more = await store.readJournal(cartId, after, entriesPerRevisionMax)
    const entries = more.filter((entry) => entry.revision === cut)
    return { entries, next: entries.length < more.length ? cut : null }
  }
