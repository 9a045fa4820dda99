// For operators: the jobs that were given up.
import type { Job, JobStore } from '../../ports/store.ts'

export type JobsPage = {
  readonly jobs: readonly Job[]
  /** Read on after this job; null at the end. */
  readonly next: string | null
}

/** In the order of ids, after the id `after`, at most `limit`. @throws CartError store-unavailable. */
export type ListBuriedJobs = (after: string | null, limit: number) => Promise<JobsPage>

export const listBuriedJobs =
  (store: Pick<JobStore, 'listBuried'>): ListBuriedJobs =>
  async (after, limit) => {
    const found = await store.listBuried(after, limit + 1)
    const jobs = found.slice(0, limit)
    return { jobs, next: found.length > limit ? (jobs.at(-1)?.id ?? null) : null }
  }
