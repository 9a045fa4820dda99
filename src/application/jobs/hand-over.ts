// Hands due jobs to the queue, and again those that no worker leased in time: the queue may have lost
// them. Every process does this; the store gives each job to one of them.

import type { Clock } from '../../ports/clock.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { Reporter } from '../../ports/reporter.ts'
import type { HandOverStore } from '../../ports/store.ts'

type Parts = {
  readonly store: HandOverStore
  readonly queue: JobQueue
  readonly clock: Clock
  readonly reporter: Reporter
}

type Settings = { readonly pollMs: number; readonly leaseMs: number }

export type HandOver = {
  /** There may be something due. */
  nudge(): void
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}

const handedMax = 500

export const handOverJobs = (parts: Parts, { pollMs, leaseMs }: Settings): HandOver => {
  const { store, queue, clock, reporter } = parts
  let isNudged = false
  let isStopped = false
  let working: Promise<void> | null = null
  let takingBack: Promise<void> | null = null

  const handOver = async (): Promise<void> => {
    const now = clock.now()
    const ids = await store.handOverJobs(now, handedMax)
    if (ids.length === 0) return
    if (ids.length === handedMax) isNudged = true
    try {
      await queue.put(ids)
    } catch (error) {
      reporter.troubled('handing jobs to the queue', error)
      // At once, so that workers find them in the store.
      await store.takeBackHandedJobs(now + 1)
    }
  }
  const handOverWhileNudged = async (): Promise<void> => {
    try {
      while (isNudged && !isStopped && queue.isUp()) {
        isNudged = false
        await handOver()
      }
    } catch (error) {
      reporter.troubled('handing jobs over', error)
    } finally {
      working = null
    }
  }
  const nudge = () => {
    isNudged = true
    if (working === null && !isStopped && queue.isUp()) working = handOverWhileNudged()
  }
  const takeBack = async (): Promise<void> => {
    try {
      if ((await store.takeBackHandedJobs(clock.now() - leaseMs)) > 0) nudge()
    } catch (error) {
      reporter.troubled('taking jobs back from the queue', error)
    } finally {
      takingBack = null
    }
  }
  const poll = setInterval(nudge, pollMs)
  const again = setInterval(() => {
    takingBack ??= takeBack()
  }, leaseMs / 3)
  nudge()
  return {
    nudge,
    stop: async () => {
      isStopped = true
      clearInterval(poll)
      clearInterval(again)
      await Promise.all([working, takingBack])
    },
  }
}
