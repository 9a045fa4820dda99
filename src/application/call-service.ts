// Which call a job needs, given what the reservation service promises about requests that come twice
// (its grade), and what the answer means for the job.
import type { Outcome } from '../domain/commands.ts'
import type {
  CallOutcome,
  LookupOutcome,
  ReleaseOutcome,
  ReservationClient,
} from '../ports/reservation-client.ts'
import type { Job } from '../ports/store.ts'

/** What came of one attempt: an outcome to record, or a reason to try again. */
export type Attempt =
  | { readonly kind: 'settled'; readonly outcome: Outcome }
  | {
      readonly kind: 'again'
      readonly reason: string
      readonly retryAfterMs: number
      /** `unsent`: the breaker is open. `lost`: sent, and the answer never came. */
      readonly sent: 'unsent' | 'answered' | 'in-doubt' | 'lost'
    }

export type CallPolicy = {
  /** No honest answer takes longer; until then a lost call may still take effect. */
  readonly timeoutMs: number
}

type Plan = 'none' | 'reserve' | 'lookup' | 'release'

const planOf = (job: Job, grade: ReservationClient['grade']): Plan => {
  if (job.kind === 'release') return 'release'
  if (job.kind === 'reserve') {
    return grade === 'lookup' && job.unknownAt !== null ? 'lookup' : 'reserve'
  }
  // Every call was answered, and none of the answers was a hold: there is nothing to undo.
  if (job.unknownAt === null) return 'none'
  if (grade === 'keyed') return 'reserve'
  // Nobody can find out what a bare service did with a lost call; another would make a second hold.
  return grade === 'lookup' ? 'lookup' : 'none'
}

/** A job that can share a batch call with others. */
export const isPlainReserve = (job: Job, grade: ReservationClient['grade']): boolean =>
  planOf(job, grade) === 'reserve'

export const callService = async (
  client: ReservationClient,
  job: Job,
  { now, timeoutMs }: CallPolicy & { readonly now: number },
  signal: AbortSignal,
): Promise<Attempt> => {
  const plan = planOf(job, client.grade)
  switch (plan) {
    case 'none':
      return settled({ kind: 'withdrawn' })
    case 'reserve':
      return fromReserve(job, await client.reserve(job, signal))
    case 'release':
      return job.holdId === null
        ? settled({ kind: 'released' })
        : fromRelease(job, await client.release(job.key, job.holdId, signal))
    case 'lookup': {
      const found = await client.lookup(job.key, signal)
      if (found.kind !== 'missing') return fromLookup(job, found)
      // The lost call may still be at work: asking again now could make a second hold.
      const openUntil = (job.unknownAt ?? 0) + timeoutMs
      if (now < openUntil) return again('not known to the service yet', 0, 'answered')
      if (job.kind === 'cancel') return settled({ kind: 'withdrawn' })
      return fromReserve(job, await client.reserve(job, signal))
    }
    default:
      return plan satisfies never
  }
}

const settled = (outcome: Outcome): Attempt => ({ kind: 'settled', outcome })

const again = (
  reason: string,
  retryAfterMs: number,
  sent: 'unsent' | 'answered' | 'in-doubt' | 'lost',
): Attempt => ({ kind: 'again', reason, retryAfterMs, sent })

export const fromReserve = (job: Job, outcome: CallOutcome): Attempt => {
  switch (outcome.kind) {
    case 'reserved':
    case 'refused':
      return settled(outcome)
    default:
      return fromTrouble(job, outcome)
  }
}

const fromRelease = (job: Job, outcome: ReleaseOutcome): Attempt =>
  outcome.kind === 'released' ? settled(outcome) : fromTrouble(job, outcome)

const fromLookup = (job: Job, outcome: Exclude<LookupOutcome, { kind: 'missing' }>): Attempt => {
  if (outcome.kind === 'found') return settled({ kind: 'reserved', holdId: outcome.holdId })
  // A look-up changes nothing outside, so a lost one leaves no more doubt than there was.
  if (outcome.kind === 'unknown') return again(outcome.reason, 0, 'answered')
  return fromTrouble(job, outcome)
}

type Trouble = Exclude<CallOutcome, { readonly kind: 'reserved' | 'refused' }>

const fromTrouble = (job: Job, outcome: Trouble): Attempt => {
  const { kind, reason } = outcome
  switch (kind) {
    case 'rejected':
      return settled({ kind: 'failed', reason, outcomeUnknown: job.unknownAt !== null })
    case 'again':
      return again(reason, outcome.retryAfterMs, outcome.inDoubt ? 'in-doubt' : 'answered')
    case 'unsent':
      return again(reason, outcome.retryAfterMs, outcome.retryAfterMs > 0 ? 'unsent' : 'answered')
    case 'unknown':
      return again(reason, 0, 'lost')
    default:
      return outcome satisfies never
  }
}
