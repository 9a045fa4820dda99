// Jobs: calls to make to the reservation service, and what may come of them.
import type { HoldId, ItemId, ReservationKey } from '../ids.ts'

type Call = {
  /** Unique, and the same for the same call, whichever event asks for it. */
  readonly id: string
  readonly key: ReservationKey
  /** The item that the units are or were for; it may be gone. */
  readonly itemId: ItemId
  readonly quantity: number
}

/** Make a hold. */
export type ReserveJob = Call & { readonly kind: 'reserve'; readonly productId: string }
/** Find out whether a hold was made, and undo it. */
export type CancelJob = Call & { readonly kind: 'cancel'; readonly productId: string }
/** Give a hold back. */
export type ReleaseJob = Call & { readonly kind: 'release'; readonly holdId: HoldId }

/** What an event asks for; a reserve job becomes a cancel job when its reservation leaves. */
export type JobIntent = ReserveJob | ReleaseJob
export type AnyJob = JobIntent | CancelJob
export type JobKind = AnyJob['kind']

type GivenUp = {
  readonly kind: 'failed'
  readonly reason: string
  /** The answer to a call was lost, so a hold may have been made or given back all the same. */
  readonly outcomeUnknown: boolean
}

/** What came of a reserve or cancel job. */
export type ReserveOutcome =
  | { readonly kind: 'reserved'; readonly holdId: HoldId }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The request is called off: no hold was made, or none that can be found out about. */
  | { readonly kind: 'withdrawn' }
  | GivenUp

/** What came of a release job. */
export type ReleaseOutcome = { readonly kind: 'released' } | GivenUp

export type Outcome = ReserveOutcome | ReleaseOutcome

/** An outcome with the kind of job that it is of. */
export type JobOutcome =
  | { readonly jobKind: 'reserve' | 'cancel'; readonly outcome: ReserveOutcome }
  | { readonly jobKind: 'release'; readonly outcome: ReleaseOutcome }

// BullMQ allows no colon in job ids; a dot does as well everywhere.
export const releaseJobId = (key: ReservationKey): string => `${key}.release`
