// What the application asks of storage. Every sentence here is a test in test/contracts/.
// Times are epoch milliseconds and come from the caller; only what a store voids when it opens is due by
// its own clock.
import type { Cart } from '../domain/cart/cart.ts'
import type { CartEvent } from '../domain/cart/events.ts'
import type { Item } from '../domain/cart/item.ts'
import type { CartId, ItemId, ReservationKey } from '../domain/ids.ts'
import type { AnyJob, JobIntent } from '../domain/reservation/job.ts'
import type { Departing, Reservation } from '../domain/reservation/reservation.ts'

/** Who used a key: the same key of another caller is another key. Unique within a cart. */
export type AnswerKey = { readonly caller: string; readonly key: string }

/** What a request did, kept for a repeat of it. */
export type Answer = AnswerKey & {
  /** Of the request: another one may not use the key. */
  readonly fingerprint: string
  /** The cart's counters after it. */
  readonly version: number
  readonly revision: number
  /** The item that it touched, if it was about one. */
  readonly itemId: ItemId | null
  /** Names the encoder that made the text; null when no text was asked for. */
  readonly form: string | null
  /** What the caller was answered; opaque here. */
  readonly text: string | null
  readonly at: number
}

export type JournalEntry = {
  readonly revision: number
  /** Order among the events of one revision, from 0. */
  readonly position: number
  readonly version: number
  readonly actor: string
  readonly event: CartEvent
}

export type JobState = {
  readonly createdAt: number
  readonly dueAt: number
  /** Calls begun, this one included when the job is claimed. */
  readonly attempts: number
  /** When the latest call whose answer was lost was known to be; null if every call was answered. */
  readonly unknownAt: number | null
  readonly lastError: string | null
  readonly buriedAt: number | null
}

export type Job = AnyJob & JobState & { readonly cartId: CartId }

/** A job and the worker that has to have it. */
export type Lease = { readonly jobId: string; readonly workerId: string }

/** What one write makes of a cart, all of it or nothing. */
export type Change = {
  readonly cartId: CartId
  /** The revision the change was decided on; 0 for a cart that was never written. */
  readonly expectedRevision: number
  /** When it is decided; becomes `dueAt` and `createdAt` of new jobs. */
  readonly at: number
  readonly cart: Pick<Cart, 'version' | 'revision' | 'createdAt' | 'updatedAt'>
  readonly items: { readonly put: readonly Item[]; readonly removed: readonly Item[] }
  readonly older: {
    readonly put: readonly { readonly itemId: ItemId; readonly reservation: Reservation }[]
    readonly removed: readonly { readonly itemId: ItemId; readonly key: ReservationKey }[]
  }
  readonly departing: {
    readonly put: readonly Departing[]
    readonly removed: readonly ReservationKey[]
  }
  readonly events: readonly JournalEntry[]
  readonly jobs: JobChanges
  /** What the change rests on: outcomes that hold only while no other worker can be making the call. */
  readonly leases: readonly Lease[]
  readonly answers: readonly Answer[]
}

/** Applied in this order. Ids that are not there (any more) are skipped. */
export type JobChanges = {
  readonly put: readonly JobIntent[]
  /** Becomes kind `cancel`. A lease stays with its worker; a buried one is revived. */
  readonly cancelled: readonly string[]
  /** Becomes kind `cancel` and goes back to the queue, due at once, its age counted from now. */
  readonly revived: readonly string[]
  /** A buried job starts over: due at once, no attempts, its age counted from now. */
  readonly requeued: readonly string[]
  /** Out of the queue until requeued, with the reason as its last error. */
  readonly buried: readonly { readonly id: string; readonly reason: string }[]
  readonly finished: readonly string[]
}

export type CommitResult = 'committed' | 'conflict' | 'lease-lost'

export type Loaded = {
  /** An empty cart at revision 0 when it was never written. */
  readonly cart: Cart
  /** Those of the asked keys that were used before, in no order. */
  readonly answers: readonly Answer[]
}

export interface CartStore {
  /**
   * One round trip. Items come with the reservations that stay with them; see `loadOlder`. Items are
   * in the order they were added, departing ones in the order of `since`.
   */
  load(cartId: CartId, answers: readonly AnswerKey[]): Promise<Loaded>
  /** The reservations of an item that are stored apart, in the order they were asked for. */
  loadOlder(cartId: CartId, itemId: ItemId): Promise<readonly Reservation[]>
  /**
   * Durable when it resolves, as far as `durability` says. `conflict`, with nothing written, when the
   * cart is not at `expectedRevision` or one of the answer keys is already used. Of any number of
   * commits at one revision exactly one is committed. `lease-lost`, with nothing written, when a worker
   * does not have a job that the change rests on, whatever else is the matter.
   * @throws CartError store-unavailable, when it is not known to be written.
   */
  commit(change: Change): Promise<CommitResult>
}

export interface JournalStore {
  /** Entries above revision `after`, in order of revision and position; at most `limit`. */
  readJournal(cartId: CartId, after: number, limit: number): Promise<readonly JournalEntry[]>
}

export type Claim = { readonly workerId: string; readonly now: number; readonly limit: number }

/** A claimed job that goes back to the queue without an outcome. */
export type PutBack = {
  readonly id: string
  readonly dueAt: number
  readonly lastError: string | null
  /** `uncounted`: nothing was sent. `answered`: the service said to come again. */
  readonly attempt: 'uncounted' | 'answered' | 'unknown'
}

export type JobCounts = {
  /** Due, and no worker has it. */
  readonly due: number
  /** Waiting for its time. */
  readonly scheduled: number
  readonly leased: number
  readonly buried: number
  /** When the oldest of `due` was due; null when there is none. */
  readonly oldestDueAt: number | null
}

export interface JobStore {
  /** Leases the jobs that are due, oldest first; no job is leased twice at a time. Counts an attempt. */
  claimJobs(claim: Claim): Promise<readonly Job[]>
  /** For jobs that this worker still has; others are skipped. */
  putBackJobs(workerId: string, jobs: readonly PutBack[], now: number): Promise<void>
  /**
   * The worker is alive. Jobs of workers that have been silent for `leaseMs` go back to the queue,
   * due at once, with an unknown outcome; answers how many. A worker whose jobs were taken back has
   * none when it returns.
   */
  beat(workerId: string, now: number, leaseMs: number): Promise<number>
  findJob(id: string): Promise<Job | null>
  /** In the order of ids, after the id `after`. */
  listBuried(after: string | null, limit: number): Promise<readonly Job[]>
  countJobs(now: number): Promise<JobCounts>
}

/** For a store whose jobs a queue spreads over workers; see ports/job-queue.ts. */
export interface HandOverStore {
  /** Jobs due that no worker and no queue has are the queue's from now on; their ids, oldest first. */
  handOverJobs(now: number, limit: number): Promise<readonly string[]>
  /** Leases those of the jobs that are due and no worker has, whichever queue has them. Counts an attempt. */
  claimHandedJobs(
    claim: Omit<Claim, 'limit'> & { readonly ids: readonly string[] },
  ): Promise<readonly Job[]>
  /** Jobs handed over before this time and claimed by no worker are no queue's any more; answers how many. */
  takeBackHandedJobs(handedBefore: number): Promise<number>
}

export type SweepBounds = {
  /** Answers from before this time go. */
  readonly answersBefore: number
  /** Published journal entries from before this time go. */
  readonly journalBefore: number
  /** At most this many rows of each kind in one call. */
  readonly limit: number
}

export interface Store extends CartStore, JournalStore, JobStore, AsyncDisposable {
  /** What stands in /ready and in the logs. */
  readonly name: string
  readonly durability: 'durable' | 'volatile'
  /** `sole`: no other process writes here, so a cart in memory is current until this one changes it. */
  readonly ownership: 'sole' | 'shared'
  /** Null when one process has the store for itself: there is nothing to spread. */
  readonly handOver: HandOverStore | null
  /** Deletes what is too old, in a small batch; answers how many rows went. */
  sweep(bounds: SweepBounds): Promise<number>
  /** Resolves when the store can read and write now. @throws when it cannot, saying why. */
  check(): Promise<void>
}
