// The text of the metrics, of this process and its peers together.
import type { JobCounts } from '../../ports/store.ts'
import { type Metrics, type MetricValues, type Sample, sumMetrics } from './metrics.ts'

/** What the other processes of this installation on the same port count. */
export type MetricPeers = {
  /** What the others get when they ask. */
  offerMetrics(read: () => Promise<MetricValues>): void
  /** Of the others, each apart; those that are slow or gone are left out. */
  gatherMetrics(): Promise<readonly MetricValues[]>
}

type Parts = {
  readonly metrics: Metrics
  readonly now: () => number
  readonly countJobs: (now: number) => Promise<JobCounts>
  readonly sample: () => Omit<Sample, 'jobs' | 'now'>
  readonly peers: MetricPeers | null
}

export const readMetrics = (parts: Parts): (() => Promise<string>) => {
  const { metrics, now, countJobs, sample, peers } = parts
  const sampleAll = async (): Promise<Sample> => {
    const at = now()
    // Without the store there are no job counts; all other metrics still matter then.
    return { ...sample(), now: at, jobs: await countJobs(at).catch(() => null) }
  }
  if (peers === null) return async () => metrics.text(await sampleAll())
  // The one that is asked counts the jobs; they are in the store that all have.
  peers.offerMetrics(() => metrics.values({ ...sample(), now: now(), jobs: null }))
  return async () => {
    const [own, others] = await Promise.all([sampleAll(), peers.gatherMetrics()])
    return sumMetrics([await metrics.values(own), ...others])
  }
}
