// Carries out claimed jobs: makes the call, records the outcome as a command, or puts the job back.
import type { Outcome } from '../domain/commands.ts'
import { CartError } from '../domain/errors.ts'
import { type RetryPolicy, retry } from '../domain/retry.ts'
import type { Reporter } from '../ports/reporter.ts'
import type { ReservationClient } from '../ports/reservation-client.ts'
import type { Job, JobStore, PutBack } from '../ports/store.ts'
import { type Attempt, callService, fromReserve } from './call-service.ts'
import type { Clock } from './clock.ts'
import { type CommandHandler, LeaseLostError } from './handle-command.ts'

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
  readonly commands: CommandHandler
  readonly clock: Clock
  readonly reporter: Reporter
}

/** Makes one call for the jobs, and sees to it that each of them is settled or back in the queue. */
export const carryOut = async (
  parts: JobParts,
  settings: JobSettings,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<void> => {
  const { clock, reporter } = parts
  const startedAt = clock.now()
  try {
    const attempts = await callFor(parts, settings, jobs, signal)
    const durationMs = clock.now() - startedAt
    await Promise.all(
      jobs.map(async (job, index) => {
        const attempt = attempts[index]
        if (attempt === undefined) return
        reporter.callFinished({ kind: job.kind, outcome: nameOf(attempt), durationMs })
        await conclude(parts, settings, job, attempt, signal)
      }),
    )
  } catch (error) {
    reporter.troubled('carrying out a job', error)
    await putBackAfterDefect(parts, settings, jobs, String(error), signal)
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
    await untilItWorks(parts, signal, 'putting jobs back', () =>
      parts.store.putBackJobs(settings.workerId, putBack, now),
    )
  } catch (error) {
    parts.reporter.troubled('putting jobs back', error)
  }
}

const nameOf = (attempt: Attempt): string =>
  attempt.kind === 'settled' ? attempt.outcome.kind : attempt.sent

const callFor = async (
  { client, clock }: JobParts,
  { callTimeoutMs }: JobSettings,
  jobs: readonly Job[],
  signal: AbortSignal,
): Promise<readonly Attempt[]> => {
  const [first, ...others] = jobs
  if (first === undefined) return []
  if (others.length === 0) {
    const policy = { now: clock.now(), timeoutMs: callTimeoutMs }
    return [await callService(client, first, policy, signal)]
  }
  const outcomes = await client.reserveBatch(jobs, signal)
  return jobs.map((job, index) => {
    const lost = { kind: 'unknown', reason: 'not in the answer to the batch' } as const
    return fromReserve(job, outcomes[index] ?? lost)
  })
}

const conclude = async (
  parts: JobParts,
  settings: JobSettings,
  job: Job,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> => {
  const { store, clock, reporter } = parts
  if (attempt.kind === 'settled') return record(parts, settings, job, attempt.outcome, signal)
  if (attempt.sent === 'lost') reporter.outcomeUnknown(1)
  const { reason } = attempt
  const at = clock.now()
  const next = nextTry(parts, settings, job, attempt, signal)
  if (next.kind === 'give-up') {
    const unknownNow = attempt.sent === 'lost' || attempt.sent === 'in-doubt'
    const outcomeUnknown = unknownNow || job.unknownAt !== null
    const given = { kind: 'failed', reason: `given up: ${reason}`, outcomeUnknown } as const
    return record(parts, settings, job, given, signal)
  }
  const { dueAt } = next
  const counted = countedAs(attempt.sent)
  const putBack: PutBack = { id: job.id, dueAt, lastError: reason, attempt: counted }
  await untilItWorks(parts, signal, 'putting a job back', () =>
    store.putBackJobs(settings.workerId, [putBack], at),
  )
}

const countedAs = (sent: Extract<Attempt, { kind: 'again' }>['sent']): PutBack['attempt'] => {
  if (sent === 'unsent') return 'uncounted'
  return sent === 'answered' ? 'answered' : 'unknown'
}

const nextTry = (
  { clock }: JobParts,
  settings: JobSettings,
  job: Job,
  attempt: Extract<Attempt, { kind: 'again' }>,
  signal: AbortSignal,
) => {
  const at = clock.now()
  // Broken off by this worker's end: another goes on with it, however long it has been tried.
  if (signal.aborted) return { kind: 'again', dueAt: at } as const
  // Waiting for the breaker burns neither an attempt nor the job's time.
  if (attempt.sent === 'unsent') {
    return { kind: 'again', dueAt: at + attempt.retryAfterMs } as const
  }
  return retry(settings.retry, {
    since: job.createdAt,
    attempts: job.attempts,
    at,
    retryAfterMs: attempt.retryAfterMs,
    random: clock.random(),
  })
}

// What was made or undone outside is so, whoever has the job by now. Anything else is no more than what
// this worker knew: another may have made the call meanwhile.
const holdsForAll: ReadonlySet<Outcome['kind']> = new Set(['reserved', 'released'])

const record = async (
  parts: JobParts,
  { workerId }: JobSettings,
  job: Job,
  outcome: Outcome,
  signal: AbortSignal,
): Promise<void> => {
  const { commands, clock, reporter } = parts
  const { id: jobId, kind: jobKind, itemId, key, quantity, attempts } = job
  const lease = holdsForAll.has(outcome.kind) ? {} : { lease: { jobId, workerId } }
  const tell = async () => {
    const about = { jobId, jobKind, itemId, key, quantity, attempts, outcome }
    // A new id each time: an earlier try may have been committed without anyone hearing of it.
    const by = { at: clock.now(), actor: 'worker', id: clock.newId(), reserving: true }
    await commands.handle(job.cartId, {
      command: { type: 'record-outcome', ...about, ...by },
      expected: null,
      repeatable: null,
      ...lease,
      respond: () => ({ status: 200, headers: {}, body: '' }),
    })
  }
  try {
    await untilItWorks(parts, signal, 'recording an outcome', tell)
    if (outcome.kind === 'failed') reporter.jobBuried(jobId, outcome.reason)
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error
  }
}

// What a call brought to light is kept while the store is away, instead of being asked for again.
const untilItWorks = async (
  { clock, reporter }: JobParts,
  signal: AbortSignal,
  what: string,
  work: () => Promise<void>,
): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isPassing(error) || (signal.aborted && tries > 1)) throw error
      reporter.troubled(what, error)
      const boundMs = Math.min(5_000, 100 * 2 ** Math.min(tries, 10))
      await new Promise((resolve) => setTimeout(resolve, boundMs * (0.5 + clock.random() / 2)))
    }
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof CartError && (error.code === 'store-unavailable' || error.code === 'cart-busy')

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
  await untilItWorks(parts, signal, 'giving jobs back', () =>
    parts.store.putBackJobs(workerId, putBack, parts.clock.now()),
  )
}
