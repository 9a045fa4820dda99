// Claims what is due and holds thousands of slow calls open at once.
import type { ReservationClient } from '../ports/reservation-client.ts'
import type { Job } from '../ports/store.ts'
import { isPlainReserve } from './call-service.ts'
import { carryOut, giveBack, type JobParts, type JobSettings } from './carry-out.ts'
import type { JobSource } from './job-source.ts'

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

// Jobs claimed by one statement: bounds how long a claim keeps a store busy.
const claimMax = 500

export const runJobs = (parts: JobParts, settings: JobSettings, source: JobSource): JobRunner => {
  const { client, reporter } = parts
  const open = new Map<Promise<void>, AbortController>()
  let state: 'running' | 'paused' = 'running'
  let claiming: Promise<void> | null = null
  let [isNudged, isProbing] = [false, false]
  const stopping = new AbortController()

  const start = (jobs: readonly Job[], self: Self): Promise<void> => {
    const abort = new AbortController()
    const call: Promise<void> = selves.carryOut(self, jobs, abort.signal).finally(() => {
      open.delete(call)
      nudge()
    })
    open.set(call, abort)
    return call
  }

  const claim = async (): Promise<void> => {
    const breaker = client.breaker()
    const calls = breaker === 'closed' ? settings.concurrency - open.size : 1
    if (breaker === 'open') source.rest()
    if (breaker === 'open' || isProbing || calls <= 0) return
    const limit = Math.min(claimMax, calls * (breaker === 'closed' ? settings.batchSize : 1))
    const self = selves.current()
    const { workerId } = self.settings
    const jobs = await source.take(workerId, limit)
    const groups = toCalls(jobs, client, settings.batchSize)
    // Jobs that cannot share a call may need more calls than are free.
    const startable = state === 'running' ? calls : 0
    const started = groups.slice(0, startable).map((group) => start(group, self))
    await giveBack(parts, workerId, groups.slice(startable).flat(), stopping.signal)
    if (breaker === 'closed' && jobs.length === limit && groups.length <= calls) isNudged = true
    if (breaker === 'closed' || started.length === 0) return
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
        // What a worker leases before it is known to live, others would take back at once.
        if (await selves.current().heart.isKnown()) await claim()
      }
    } catch (error) {
      reporter.troubled('claiming jobs', error)
      selves.renew()
    } finally {
      claiming = null
      if (state === 'paused') source.rest()
    }
  }

  const nudge = (): void => {
    isNudged = true
    if (claiming === null && state === 'running') claiming = claimWhileNudged()
  }

  const selves = keepSelves(parts, settings, nudge)
  const poll = setInterval(nudge, settings.pollMs)
  nudge()

  const pause = () => {
    state = 'paused'
    clearInterval(poll)
    source.rest()
  }
  return {
    nudge,
    callsOpen: () => open.size,
    pause,
    stop: async (graceMs) => {
      pause()
      stopping.abort()
      await claiming
      await endCalls(open, graceMs)
      selves.stop()
    },
  }
}

/** What the worker is to the store, as long as it has jobs in this name. */
type Self = {
  readonly settings: JobSettings
  readonly heart: ReturnType<typeof keepBeating>
  /** Open in this name. */
  calls: number
}

/**
 * After a claim that failed the worker goes by another name: the store may have leased it jobs that it never
 * heard of. Once the calls that it knows of are over, the heart of the old name stops, and those jobs are
 * taken over as from a worker that died.
 */
const keepSelves = (parts: JobParts, settings: JobSettings, onTakenBack: () => void) => {
  const all = new Set<Self>()
  const open = (workerId: string): Self => {
    const own = { ...settings, workerId }
    const self = { settings: own, heart: keepBeating(parts, own, onTakenBack), calls: 0 }
    all.add(self)
    return self
  }
  let current = open(settings.workerId)
  const endIfIdle = (self: Self) => {
    if (self === current || self.calls > 0) return
    self.heart.stop()
    all.delete(self)
  }
  return {
    current: () => current,
    carryOut: async (self: Self, jobs: readonly Job[], signal: AbortSignal): Promise<void> => {
      self.calls += 1
      try {
        await carryOut(parts, self.settings, jobs, signal)
      } finally {
        self.calls -= 1
        endIfIdle(self)
      }
    },
    renew: () => {
      const before = current
      current = open(parts.clock.newId())
      endIfIdle(before)
    },
    stop: () => {
      for (const { heart } of all) heart.stop()
    },
  }
}

/** Tells the store that this worker lives, and takes over from those that do not. */
const keepBeating = (
  { store, clock, reporter }: JobParts,
  { workerId, leaseMs }: JobSettings,
  onTakenBack: () => void,
) => {
  let beatAt = Number.NEGATIVE_INFINITY
  /** Answers whether the store knows of it. */
  const beat = async (): Promise<boolean> => {
    try {
      const now = clock.now()
      const takenBack = await store.beat(workerId, now, leaseMs)
      beatAt = now
      if (takenBack > 0) {
        reporter.outcomeUnknown(takenBack)
        onTakenBack()
      }
      return true
    } catch (error) {
      reporter.troubled('telling that this worker lives', error)
      return false
    }
  }
  const timer = setInterval(() => void beat(), leaseMs / 3)
  const isKnown = async () => clock.now() - beatAt < leaseMs || (await beat())
  return { isKnown, stop: () => clearInterval(timer) }
}

type OpenCalls = ReadonlyMap<Promise<void>, AbortController>

const endCalls = async (open: OpenCalls, graceMs: number): Promise<void> => {
  await settledWithin([...open.keys()], graceMs)
  for (const abort of open.values()) abort.abort(new Error('the worker stops'))
  await Promise.all(open.keys())
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
