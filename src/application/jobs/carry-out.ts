// Carries out claimed jobs: makes the call, records the outcome, or puts the job back.
import { CartError } from '../../domain/errors.ts'
import type { JobOutcome } from '../../domain/reservation/job.ts'
import { type RetryPolicy, retry } from '../../domain/reservation/retry.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Reporter } from '../../ports/reporter.ts'
import type { ReservationClient } from '../../ports/reservation-client.ts'
import type { Job, JobStore, PutBack } from '../../ports/store.ts'
import type { ChangeCart } from '../carts/change-cart.ts'
import { type AttemptResult, callService, failed, type PlannedCall } from './call-service.ts'
import { retryWhileUnavailable } from './retry-while-unavailable.ts'

export type JobSettings = {
  readonly workerId: string
  /** Calls open at once; a batch is one. */
  readonly concurrency: number
  readonly batchSize: number
  readonly pollMs: number
  readonly leaseMs: number
  readonly callTimeoutMs: number
  readonly retry: RetryPolicy
}

export type JobParts = {
  readonly store: JobStore
  readonly client: ReservationClient
  readonly changeCart: ChangeCart
  readonly clock: Clock
  readonly reporter: Reporter
}

/** Makes one call, and sees to it that each of its jobs is settled or back in the queue. */
export const carryOut = async (
  parts: JobParts,
  settings: JobSettings,
  call: PlannedCall,
  signal: AbortSignal,
): Promise<void> => {
  const { client, clock, reporter } = parts
  const now = clock.now()
  try {
    const policy = { now, timeoutMs: settings.callTimeoutMs }
    const results = await callService(client, call, policy, signal)
    const durationMs = clock.now() - now
    await Promise.all(
      call.jobs.map(async (job, index) => {
        const result = results[index]
        if (result === undefined) return
        reporter.callFinished({ kind: job.kind, outcome: nameOf(result), durationMs })
        await conclude(parts, settings, job, result, signal)
      }),
    )
  } catch (error) {
    reporter.troubled('carrying out a job', error)
    await putBackAfterDefect(parts, settings, call.jobs, String(error), signal)
  }
}

// Something threw that never should: the jobs must not stay leased for as long as this worker lives.
const putBackAfterDefect = async (
  parts: JobParts,
  settings: JobSettings,
  jobs: readonly Job[],
  reason: string,
  signal: AbortSignal,
): Promise<void> => {
  const now = parts.clock.now()
  const dueAt = now + settings.retry.capMs
  const putBack = jobs.map(
    ({ id }): PutBack => ({ id, dueAt, lastError: reason.slice(0, 200), attempt: 'unknown' }),
  )
  try {
    await retryWhileUnavailable(parts, signal, 'putting jobs back', () =>
      parts.store.putBackJobs(settings.workerId, putBack, now),
    )
  } catch (error) {
    parts.reporter.troubled('putting jobs back', error)
  }
}

const nameOf = (result: AttemptResult): string =>
  result.kind === 'settled' ? result.outcome.kind : result.sent

const conclude = async (
  parts: JobParts,
  settings: JobSettings,
  job: Job,
  result: AttemptResult,
  signal: AbortSignal,
): Promise<void> => {
  const { store, clock, reporter } = parts
  if (result.kind === 'settled') return record(parts, settings, job, result, signal)
  if (result.sent === 'lost') reporter.outcomeUnknown(1)
  const { reason } = result
  const at = clock.now()
  const next = nextTry(parts, settings, job, result, signal)
  if (next.kind === 'give-up') {
    const isUnknownNow = result.sent === 'lost' || result.sent === 'in-doubt'
    const givenUp = failed(job, `given up: ${reason}`, isUnknownNow || job.unknownAt !== null)
    return conclude(parts, settings, job, givenUp, signal)
  }
  const { dueAt } = next
  const putBack: PutBack = { id: job.id, dueAt, lastError: reason, attempt: countedAs(result.sent) }
  await retryWhileUnavailable(parts, signal, 'putting a job back', () =>
    store.putBackJobs(settings.workerId, [putBack], at),
  )
}

type Again = Extract<AttemptResult, { readonly kind: 'again' }>

const countedAs = (sent: Again['sent']): PutBack['attempt'] => {
  if (sent === 'unsent') return 'uncounted'
  return sent === 'answered' ? 'answered' : 'unknown'
}

const nextTry = (
  { clock }: JobParts,
  settings: JobSettings,
  job: Job,
  result: Again,
  signal: AbortSignal,
) => {
  const at = clock.now()
  // Broken off by this worker's end: another goes on with it, however long it has been tried.
  if (signal.aborted) return { kind: 'again', dueAt: at } as const
  // Waiting for the breaker burns neither an attempt nor the job's time.
  if (result.sent === 'unsent') {
    return { kind: 'again', dueAt: at + result.retryAfterMs } as const
  }
  return retry(settings.retry, {
    since: job.createdAt,
    attempts: job.attempts,
    at,
    retryAfterMs: result.retryAfterMs,
    random: clock.random(),
  })
}

// What was made or undone outside is so, whichever worker has the job by now. Anything else is no more
// than what this worker knew: another may have made the call meanwhile.
const holdsForAll = ({ outcome }: JobOutcome): boolean =>
  outcome.kind === 'reserved' || outcome.kind === 'released'

const record = async (
  parts: JobParts,
  { workerId }: JobSettings,
  job: Job,
  settled: Extract<AttemptResult, { readonly kind: 'settled' }>,
  signal: AbortSignal,
): Promise<void> => {
  const { changeCart, reporter } = parts
  const { cartId, id: jobId, itemId, key, quantity, attempts } = job
  const { kind: _, ...jobOutcome } = settled
  const intent = { type: 'record-outcome', jobId, itemId, key, quantity, attempts } as const
  const lease = holdsForAll(jobOutcome) ? null : { jobId, workerId }
  let isRecorded = true
  await retryWhileUnavailable(parts, signal, 'recording an outcome', async () => {
    // A new id each time: an earlier try may have been committed without this worker hearing of it.
    const change = { cartId, intent: { ...intent, ...jobOutcome }, actor: 'worker', lease }
    const result = await changeCart(change)
    if (result.kind === 'changed') return
    if (result.code !== 'lease-lost') throw new CartError(result.code, result.message)
    isRecorded = false
  })
  const { outcome } = settled
  if (isRecorded && outcome.kind === 'failed') reporter.jobBuried(jobId, outcome.reason)
}

/** Claimed, and not begun. */
export const giveBack = async (
  parts: JobParts,
  workerId: string,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<void> => {
  if (jobs.length === 0) return
  const untouched = { lastError: null, attempt: 'uncounted' } as const
  const putBack = jobs.map(({ id, dueAt }): PutBack => ({ id, dueAt, ...untouched }))
  await retryWhileUnavailable(parts, signal, 'giving jobs back', () =>
    parts.store.putBackJobs(workerId, putBack, parts.clock.now()),
  )
}
