// Carries out jobs: claims what is due, calls the reservation service, records the outcome as a command,
// or puts the job back. Holds thousands of slow calls open at once.
import { CartError } from '../domain/errors.ts'
import { type RetryPolicy, retry } from '../domain/retry.ts'
import type { Reporter } from '../ports/reporter.ts'
import type { ReservationClient } from '../ports/reservation-client.ts'
import type { Job, JobStore, PutBack } from '../ports/store.ts'
import { type Attempt, callService, fromReserve, isPlainReserve } from './call-service.ts'
import type { Clock } from './clock.ts'
import type { CommandHandler } from './handle-command.ts'

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

export type JobRunner = {
  /** There may be something due: look now instead of at the next poll. */
  nudge(): void
  readonly callsOpen: () => number
  /** Takes no more jobs. */
  pause(): void
  /**
   * Takes no more jobs, waits up to `graceMs` for open calls, breaks off the others and puts their jobs
   * back, due at once.
   */
  stop(graceMs: number): Promise<void>
}

type Parts = {
  readonly store: JobStore
  readonly client: ReservationClient
  readonly commands: CommandHandler
  readonly clock: Clock
  readonly reporter: Reporter
}

// Jobs claimed by one statement: bounds how long a claim keeps a store busy.
const claimMax = 500

export const runJobs = (parts: Parts, settings: JobSettings): JobRunner => {
  const { store, client, clock, reporter } = parts
  const { workerId, leaseMs } = settings
  const open = new Map<Promise<void>, AbortController>()
  let state: 'running' | 'paused' = 'running'
  let claiming: Promise<void> | null = null
  let isNudged = false
  let isProbing = false
  const stopping = new AbortController()

  const start = (jobs: readonly Job[]): Promise<void> => {
    const abort = new AbortController()
    const call: Promise<void> = carryOut(parts, settings, jobs, abort.signal).finally(() => {
      open.delete(call)
      nudge()
    })
    open.set(call, abort)
    return call
  }

  const claim = async (): Promise<void> => {
    const breaker = client.breaker()
    const calls = breaker === 'closed' ? settings.concurrency - open.size : 1
    if (breaker === 'open' || isProbing || calls <= 0) return
    const limit = Math.min(claimMax, calls * (breaker === 'closed' ? settings.batchSize : 1))
    const jobs = await store.claimJobs({ workerId, now: clock.now(), limit })
    const groups = toCalls(jobs, client, settings.batchSize)
    // Jobs that cannot share a call may need more calls than are free.
    const startable = state === 'running' ? calls : 0
    const started = groups.slice(0, startable).map(start)
    await giveBack(parts, workerId, groups.slice(startable).flat(), stopping.signal)
    if (breaker === 'closed') {
      if (jobs.length === limit && groups.length <= calls) isNudged = true
      return
    }
    if (started.length === 0) return
    // One call finds out whether the service is back; the others wait for what it learns.
    isProbing = true
    void Promise.all(started).then(() => {
      isProbing = false
      nudge()
    })
  }

  const claimWhileNudged = async (): Promise<void> => {
    try {
      while (isNudged && state === 'running') {
        isNudged = false
        await claim()
      }
    } catch (error) {
      reporter.troubled('claiming jobs', error)
    } finally {
      claiming = null
    }
  }

  const nudge = (): void => {
    isNudged = true
    if (claiming === null && state === 'running') claiming = claimWhileNudged()
  }

  const beat = () => {
    store.beat(workerId, clock.now(), leaseMs).then(
      (takenBack) => {
        if (takenBack === 0) return
        reporter.outcomeUnknown(takenBack)
        nudge()
      },
      (error) => reporter.troubled('telling that this worker lives', error),
    )
  }
  beat()
  nudge()
  const timers = [setInterval(nudge, settings.pollMs), setInterval(beat, leaseMs / 3)]

  const pause = () => {
    state = 'paused'
    for (const timer of timers) clearInterval(timer)
  }
  return {
    nudge,
    callsOpen: () => open.size,
    pause,
    stop: async (graceMs) => {
      pause()
      stopping.abort()
      await claiming
      await settledWithin([...open.keys()], graceMs)
      for (const abort of open.values()) abort.abort(new Error('the worker stops'))
      await Promise.all(open.keys())
    },
  }
}

/** Claimed, and not begun. */
const giveBack = async (
  parts: Parts,
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

const settledWithin = async (calls: readonly Promise<void>[], graceMs: number): Promise<void> => {
  if (calls.length === 0 || graceMs <= 0) return
  const timeout = Promise.withResolvers<void>()
  const timer = setTimeout(timeout.resolve, graceMs)
  await Promise.race([Promise.all(calls), timeout.promise])
  clearTimeout(timer)
}

/** Jobs by the call that serves them: those that only ask for a hold share one. */
const toCalls = (
  jobs: readonly Job[],
  client: ReservationClient,
  batchSize: number,
): readonly (readonly Job[])[] => {
  if (batchSize === 1) return jobs.map((job) => [job])
  const plain = jobs.filter((job) => isPlainReserve(job, client.grade))
  const single = jobs.filter((job) => !plain.includes(job))
  const calls: (readonly Job[])[] = single.map((job) => [job])
  for (let at = 0; at < plain.length; at += batchSize) calls.push(plain.slice(at, at + batchSize))
  return calls
}

const carryOut = async (
  parts: Parts,
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
    await putBackAfterDefect(parts, settings, jobs, String(error))
  }
}

// Something threw that never should: the jobs must not stay leased for as long as this worker lives.
const putBackAfterDefect = async (
  { store, clock, reporter }: Parts,
  settings: JobSettings,
  jobs: readonly Job[],
  reason: string,
): Promise<void> => {
  const now = clock.now()
  const dueAt = now + settings.retry.capMs
  const putBack = jobs.map(
    ({ id }): PutBack => ({ id, dueAt, lastError: reason.slice(0, 200), attempt: 'unknown' }),
  )
  try {
    await store.putBackJobs(settings.workerId, putBack, now)
  } catch (error) {
    reporter.troubled('putting jobs back', error)
  }
}

const nameOf = (attempt: Attempt): string =>
  attempt.kind === 'settled' ? attempt.outcome.kind : attempt.sent

const callFor = async (
  { client, clock }: Parts,
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
  parts: Parts,
  settings: JobSettings,
  job: Job,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<void> => {
  const { store, clock, reporter } = parts
  if (attempt.kind === 'settled') return record(parts, job, attempt.outcome, signal)
  if (attempt.sent === 'lost') reporter.outcomeUnknown(1)
  const { reason } = attempt
  const at = clock.now()
  const next = nextTry(parts, settings, job, attempt)
  if (next.kind === 'give-up') {
    const unknownNow = attempt.sent === 'lost' || attempt.sent === 'in-doubt'
    const outcomeUnknown = unknownNow || job.unknownAt !== null
    const given = { kind: 'failed', reason: `given up: ${reason}`, outcomeUnknown } as const
    return record(parts, job, given, signal)
  }
  const dueAt = signal.aborted ? at : next.dueAt
  const putBack: PutBack = {
    id: job.id,
    dueAt,
    lastError: reason,
    attempt: countedAs(attempt.sent),
  }
  await untilItWorks(parts, signal, 'putting a job back', () =>
    store.putBackJobs(settings.workerId, [putBack], at),
  )
}

const countedAs = (sent: Extract<Attempt, { kind: 'again' }>['sent']): PutBack['attempt'] => {
  if (sent === 'unsent') return 'uncounted'
  return sent === 'answered' ? 'answered' : 'unknown'
}

const nextTry = (
  { clock }: Parts,
  settings: JobSettings,
  job: Job,
  attempt: Extract<Attempt, { kind: 'again' }>,
) => {
  const at = clock.now()
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

const record = (
  parts: Parts,
  job: Job,
  outcome: Extract<Attempt, { kind: 'settled' }>['outcome'],
  signal: AbortSignal,
): Promise<void> => {
  const { commands, clock } = parts
  if (outcome.kind === 'failed') parts.reporter.jobBuried(job.id, outcome.reason)
  const { id: jobId, kind: jobKind, itemId, key, quantity, attempts } = job
  return untilItWorks(parts, signal, 'recording an outcome', async () => {
    const about = { jobId, jobKind, itemId, key, quantity, attempts, outcome }
    // A new id each time: an earlier try may have been committed without anyone hearing of it.
    const by = { at: clock.now(), actor: 'worker', id: clock.newId(), reserving: true }
    await commands.handle(job.cartId, {
      command: { type: 'record-outcome', ...about, ...by },
      expected: null,
      repeatable: null,
      respond: () => ({ status: 200, headers: {}, body: '' }),
    })
  })
}

// What a call brought to light is kept while the store is away, instead of being asked for again.
const untilItWorks = async (
  { clock, reporter }: Parts,
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
