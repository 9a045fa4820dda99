// Which call a job needs, given what the reservation service promises about requests that come twice
// (its grade), and what the answer means for the job.
import type { JobOutcome, ReleaseOutcome, ReserveOutcome } from '../../domain/reservation/job.ts'
import type {
  LookupResult,
  ReleaseResult,
  ReservationClient,
  ReserveResult,
} from '../../ports/reservation-client.ts'
import type { Job } from '../../ports/store.ts'

/** What came of one attempt: an outcome to record, or a reason to try again. */
export type AttemptResult =
  | ({ readonly kind: 'settled' } & JobOutcome)
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

type ReleaseJob = Extract<Job, { readonly kind: 'release' }>
/** A job about a request for a hold: to make it, or to find out about it and undo it. */
export type RequestJob = Exclude<Job, ReleaseJob>
type Plan = 'none' | 'reserve' | 'lookup'

const planOf = (job: RequestJob, grade: ReservationClient['grade']): Plan => {
  if (job.kind === 'reserve') {
    return grade === 'lookup' && job.unknownAt !== null ? 'lookup' : 'reserve'
  }
  // Every call was answered, and none of the answers was a hold: there is nothing to undo.
  if (job.unknownAt === null) return 'none'
  if (grade === 'keyed') return 'reserve'
  // What a bare service did with a lost call cannot be found out; another call would make a second hold.
  return grade === 'lookup' ? 'lookup' : 'none'
}

/** One call to make. */
export type PlannedCall =
  | { readonly kind: 'single'; readonly jobs: readonly [Job] }
  | { readonly kind: 'batch'; readonly jobs: readonly RequestJob[] }

/** The calls that serve the jobs: those that only ask for a hold share one. */
export const planCalls = (
  jobs: readonly Job[],
  grade: ReservationClient['grade'],
  batchSize: number,
): readonly PlannedCall[] => {
  const calls: PlannedCall[] = []
  const plain: RequestJob[] = []
  for (const job of jobs) {
    const sharesCalls = batchSize > 1 && job.kind !== 'release' && planOf(job, grade) === 'reserve'
    if (sharesCalls) plain.push(job)
    else calls.push({ kind: 'single', jobs: [job] })
  }
  for (let start = 0; start < plain.length; start += batchSize) {
    const [first, ...others] = plain.slice(start, start + batchSize)
    if (first === undefined) continue
    calls.push(
      others.length === 0
        ? { kind: 'single', jobs: [first] }
        : { kind: 'batch', jobs: [first, ...others] },
    )
  }
  return calls
}

/** Makes the call; the results are in the order of its jobs. */
export const callService = async (
  client: ReservationClient,
  call: PlannedCall,
  policy: CallPolicy & { readonly now: number },
  signal: AbortSignal,
): Promise<readonly AttemptResult[]> => {
  if (call.kind === 'batch') return callForBatch(client, call.jobs, signal)
  const [job] = call.jobs
  return job.kind === 'release'
    ? [fromRelease(job, await client.release(job.key, job.holdId, signal))]
    : [await callForRequest(client, job, policy, signal)]
}

const callForBatch = async (
  client: ReservationClient,
  jobs: readonly RequestJob[],
  signal: AbortSignal,
): Promise<readonly AttemptResult[]> => {
  const results = await client.reserveBatch(jobs, signal)
  return jobs.map((job, index) => {
    const lost = { kind: 'unknown', reason: 'not in the answer to the batch' } as const
    return fromReserve(job, results[index] ?? lost)
  })
}

const callForRequest = async (
  client: ReservationClient,
  job: RequestJob,
  { now, timeoutMs }: CallPolicy & { readonly now: number },
  signal: AbortSignal,
): Promise<AttemptResult> => {
  const plan = planOf(job, client.grade)
  switch (plan) {
    case 'none':
      return settled(job, { kind: 'withdrawn' })
    case 'reserve':
      return fromReserve(job, await client.reserve(job, signal))
    case 'lookup': {
      const found = await client.lookup(job.key, signal)
      if (found.kind !== 'missing') return fromLookup(job, found)
      // The lost call may still be at work: asking again now could make a second hold.
      const openUntil = (job.unknownAt ?? 0) + timeoutMs
      if (now < openUntil) return again('not known to the service yet', 0, 'answered')
      if (job.kind === 'cancel') return settled(job, { kind: 'withdrawn' })
      return fromReserve(job, await client.reserve(job, signal))
    }
    default:
      return plan satisfies never
  }
}

const settled = ({ kind: jobKind }: RequestJob, outcome: ReserveOutcome): AttemptResult => ({
  kind: 'settled',
  jobKind,
  outcome,
})

const settledRelease = (outcome: ReleaseOutcome): AttemptResult => ({
  kind: 'settled',
  jobKind: 'release',
  outcome,
})

/** Given up: no further attempt is made. */
export const failed = (job: Job, reason: string, outcomeUnknown: boolean): AttemptResult => {
  const outcome = { kind: 'failed', reason, outcomeUnknown } as const
  return job.kind === 'release' ? settledRelease(outcome) : settled(job, outcome)
}

const again = (
  reason: string,
  retryAfterMs: number,
  sent: 'unsent' | 'answered' | 'in-doubt' | 'lost',
): AttemptResult => ({ kind: 'again', reason, retryAfterMs, sent })

const fromReserve = (job: RequestJob, result: ReserveResult): AttemptResult =>
  result.kind === 'reserved' || result.kind === 'refused'
    ? settled(job, result)
    : fromTrouble(job, result)

const fromRelease = (job: ReleaseJob, result: ReleaseResult): AttemptResult =>
  result.kind === 'released' ? settledRelease(result) : fromTrouble(job, result)

const fromLookup = (
  job: RequestJob,
  result: Exclude<LookupResult, { kind: 'missing' }>,
): AttemptResult => {
  if (result.kind === 'found') return settled(job, { kind: 'reserved', holdId: result.holdId })
  // A look-up changes nothing outside, so a lost one leaves no more doubt than there was.
  if (result.kind === 'unknown') return again(result.reason, 0, 'answered')
  return fromTrouble(job, result)
}

type Trouble = Exclude<ReserveResult, { readonly kind: 'reserved' | 'refused' }>

const fromTrouble = (job: Job, result: Trouble): AttemptResult => {
  const { kind, reason } = result
  switch (kind) {
    case 'rejected':
      return failed(job, reason, job.unknownAt !== null)
    case 'again':
      return again(reason, result.retryAfterMs, result.inDoubt ? 'in-doubt' : 'answered')
    case 'unsent':
      return again(reason, result.retryAfterMs, result.retryAfterMs > 0 ? 'unsent' : 'answered')
    case 'unknown':
      return again(reason, 0, 'lost')
    default:
      return result satisfies never
  }
}
