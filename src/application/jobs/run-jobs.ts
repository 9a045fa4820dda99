// Claims what is due and holds thousands of slow calls open at once.
import type { Job } from '../../ports/store.ts'
import { type PlannedCall, planCalls } from './call-service.ts'
import { carryOut, giveBack, type JobParts, type JobSettings } from './carry-out.ts'
import type { JobSource } from './job-source.ts'
import { type Identity, keepIdentities } from './worker-identity.ts'

export type JobRunner = {
  /** There may be something due: look now instead of at the next poll. */
  nudge(): void
  readonly callsOpen: () => number
  /** Takes no more jobs. */
  pause(): void
  /**
   * Takes no more jobs, waits for open calls until `patience` is aborted, breaks off the others and puts
   * their jobs back, due at once.
   */
  stop(patience: AbortSignal): Promise<void>
}

// Jobs claimed by one statement: bounds how long a claim keeps a store busy.
const claimMax = 500

export const runJobs = (parts: JobParts, settings: JobSettings, source: JobSource): JobRunner => {
  const { client, reporter } = parts
  const { batchSize, concurrency } = settings
  const open = holdCalls(() => nudge())
  let state: 'running' | 'paused' = 'running'
  let claiming: Promise<void> | null = null
  let [isNudged, isProbing] = [false, false]
  const stopping = new AbortController()

  const start = (call: PlannedCall, identity: Identity): Promise<void> => {
    const own = { ...settings, workerId: identity.workerId }
    return open.start((signal) => identity.hold(() => carryOut(parts, own, call, signal)))
  }

  const claim = async (): Promise<void> => {
    const breaker = client.breaker()
    const free = breaker === 'closed' ? concurrency - open.count() : 1
    if (breaker === 'open') source.rest()
    if (breaker === 'open' || isProbing || free <= 0) return
    const limit = Math.min(claimMax, free * (breaker === 'closed' ? batchSize : 1))
    const identity = identities.current()
    const jobs = await source.take(identity.workerId, limit)
    const calls = planCalls(jobs, client.grade, batchSize)
    // Jobs that cannot share a call may need more calls than are free.
    const startable = state === 'running' ? free : 0
    const started = calls.slice(0, startable).map((call) => start(call, identity))
    const unused = calls.slice(startable).flatMap((call): readonly Job[] => call.jobs)
    await giveBack(parts, identity.workerId, unused, stopping.signal)
    if (breaker === 'closed' && jobs.length === limit && calls.length <= free) isNudged = true
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
        if (await identities.current().isKnown()) await claim()
      }
    } catch (error) {
      reporter.troubled('claiming jobs', error)
      identities.renew()
    } finally {
      claiming = null
      if (state === 'paused') source.rest()
    }
  }

  const nudge = (): void => {
    isNudged = true
    if (claiming === null && state === 'running') claiming = claimWhileNudged()
  }

  const identities = keepIdentities(
    { ...parts, onTakenBack: nudge },
    settings.workerId,
    settings.leaseMs,
  )
  const poll = setInterval(nudge, settings.pollMs)
  nudge()

  const pause = () => {
    state = 'paused'
    clearInterval(poll)
    source.rest()
  }
  return {
    nudge,
    callsOpen: open.count,
    pause,
    stop: async (patience) => {
      pause()
      stopping.abort()
      await claiming
      await open.end(patience)
      identities.stop()
    },
  }
}

/** The calls under way. */
const holdCalls = (onEnded: () => void) => {
  const calls = new Map<Promise<void>, AbortController>()
  return {
    count: () => calls.size,
    start: (work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
      const abort = new AbortController()
      const done: Promise<void> = work(abort.signal).finally(() => {
        calls.delete(done)
        onEnded()
      })
      calls.set(done, abort)
      return done
    },
    /** Waits for them until `patience` is aborted, and breaks off the others. */
    end: async (patience: AbortSignal): Promise<void> => {
      await Promise.race([Promise.all(calls.keys()), aborted(patience)])
      for (const abort of calls.values()) abort.abort(new Error('the worker stops'))
      await Promise.all(calls.keys())
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
