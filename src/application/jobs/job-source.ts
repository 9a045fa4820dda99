// Where a worker gets its jobs from: the store, or a queue that the store's jobs are handed to.

import type { Clock } from '../../ports/clock.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { HandOverStore, Job, JobStore } from '../../ports/store.ts'

export type JobSource = {
  /** Leased to the worker; less than `limit` when there are no more now. */
  take(workerId: string, limit: number): Promise<readonly Job[]>
  /** The worker cannot use any until it takes again. */
  rest(): void
}

export const takeFromStore = (store: JobStore, clock: Clock): JobSource => ({
  take: (workerId, limit) => store.claimJobs({ workerId, now: clock.now(), limit }),
  rest: () => {},
})

/** While the queue is unavailable, jobs come from the store as if there were none. */
export const takeFromQueue = (
  queue: JobQueue,
  store: JobStore & { readonly handOver: HandOverStore },
  clock: Clock,
): JobSource => ({
  take: async (workerId, limit) => {
    const now = clock.now()
    if (!queue.isUp()) return store.claimJobs({ workerId, now, limit })
    queue.want(limit)
    const hints = queue.take(limit)
    if (hints.length === 0) return []
    try {
      const ids = hints.map(({ id }) => id)
      const jobs = await store.handOver.claimHandedJobs({ workerId, now, ids })
      queue.want(limit - jobs.length)
      return jobs
    } finally {
      // Also when the store failed: what is not leased in time is handed over again.
      for (const hint of hints) hint.done()
    }
  },
  rest: () => queue.rest(),
})
