// Jobs in a map, with the promises of the store port.
import type { CartId } from '../../../domain/ids.ts'
import type { AnyJob } from '../../../domain/reservation/job.ts'
import type {
  Change,
  Claim,
  Job,
  JobCounts,
  JobState,
  Lease,
  PutBack,
} from '../../../ports/store.ts'
import { openDueQueue } from './due-queue.ts'

type Kept = JobState & {
  readonly call: AnyJob
  readonly cartId: CartId
  readonly leasedBy: string | null
}

const toJob = ({ call, leasedBy: _, ...job }: Kept): Job => ({ ...call, ...job })

/** From now on it finds out whether a hold was made; a release has nothing to find out. */
const toCancel = (call: AnyJob): AnyJob =>
  call.kind === 'release' ? call : { ...call, kind: 'cancel' }

const openTable = () => {
  const jobs = new Map<string, Kept>()
  // What was once free and due then; whether it still is shows when it is taken out.
  const queue = openDueQueue()
  const isFree = (job: Kept): boolean => job.leasedBy === null && job.buriedAt === null
  const keep = (job: Kept): void => {
    jobs.set(job.call.id, job)
    if (isFree(job)) queue.add({ dueAt: job.dueAt, id: job.call.id })
  }
  return {
    jobs,
    keep,
    alter: (id: string, change: (job: Kept) => Partial<Kept>): void => {
      const job = jobs.get(id)
      if (job !== undefined) keep({ ...job, ...change(job) })
    },
    free: () => [...jobs.values()].filter(isFree),
    takeDue: (now: number): Kept | undefined => {
      for (let due = queue.take(now); due !== undefined; due = queue.take(now)) {
        const job = jobs.get(due.id)
        if (job !== undefined && isFree(job) && job.dueAt === due.dueAt) return job
      }
      return undefined
    },
  }
}

const applyTo = (
  { jobs, keep, alter }: ReturnType<typeof openTable>,
  { cartId, at, jobs: changes }: Change,
): void => {
  for (const call of changes.put) {
    if (jobs.has(call.id)) continue
    const unused = { attempts: 0, unknownAt: null, lastError: null, buriedAt: null }
    keep({ call, cartId, createdAt: at, dueAt: at, ...unused, leasedBy: null })
  }
  for (const id of changes.cancelled) {
    alter(id, ({ call, buriedAt }) => {
      const risen = buriedAt === null ? {} : { dueAt: at, createdAt: at }
      return { call: toCancel(call), buriedAt: null, ...risen }
    })
  }
  const over = { buriedAt: null, leasedBy: null, dueAt: at, createdAt: at }
  for (const id of changes.revived) alter(id, ({ call }) => ({ call: toCancel(call), ...over }))
  for (const id of changes.requeued) alter(id, () => ({ ...over, attempts: 0 }))
  for (const { id, reason } of changes.buried) {
    alter(id, () => ({ buriedAt: at, leasedBy: null, lastError: reason }))
  }
  for (const id of changes.finished) jobs.delete(id)
}

export const openJobTable = () => {
  const table = openTable()
  const { jobs, alter, free, takeDue } = table
  const hearts = new Map<string, number>()

  return {
    write: (change: Change): void => applyTo(table, change),
    claim: ({ workerId, now, limit }: Claim): readonly Job[] => {
      const claimed: Job[] = []
      while (claimed.length < limit) {
        const job = takeDue(now)
        if (job === undefined) break
        const leased = { ...job, leasedBy: workerId, attempts: job.attempts + 1 }
        jobs.set(job.call.id, leased)
        claimed.push(toJob(leased))
      }
      return claimed
    },
    putBack: (workerId: string, putBack: readonly PutBack[], now: number): void => {
      for (const { id, dueAt, lastError, attempt } of putBack) {
        if (jobs.get(id)?.leasedBy !== workerId) continue
        alter(id, (job) => ({
          leasedBy: null,
          dueAt,
          attempts: job.attempts - (attempt === 'uncounted' ? 1 : 0),
          unknownAt: attempt === 'unknown' ? now : job.unknownAt,
          lastError: lastError ?? job.lastError,
        }))
      }
    },
    beat: (workerId: string, now: number, leaseMs: number): number => {
      hearts.set(workerId, now)
      for (const [id, beatAt] of hearts) if (beatAt <= now - leaseMs) hearts.delete(id)
      const orphaned = [...jobs.values()].filter(
        ({ leasedBy }) => leasedBy !== null && !hearts.has(leasedBy),
      )
      for (const { call } of orphaned) {
        alter(call.id, () => ({ leasedBy: null, dueAt: now, unknownAt: now }))
      }
      return orphaned.length
    },
    has: ({ jobId, workerId }: Lease): boolean => jobs.get(jobId)?.leasedBy === workerId,
    find: (id: string): Job | null => {
      const job = jobs.get(id)
      return job === undefined ? null : toJob(job)
    },
    listBuried: (after: string | null, limit: number): readonly Job[] =>
      [...jobs.values()]
        .filter((job) => job.buriedAt !== null && job.call.id > (after ?? ''))
        .sort((a, b) => (a.call.id < b.call.id ? -1 : 1))
        .slice(0, limit)
        .map(toJob),
    count: (now: number): JobCounts => {
      const due = free().filter((job) => job.dueAt <= now)
      return {
        due: due.length,
        scheduled: free().length - due.length,
        leased: [...jobs.values()].filter((job) => job.leasedBy !== null).length,
        buried: [...jobs.values()].filter((job) => job.buriedAt !== null).length,
        oldestDueAt: due.length === 0 ? null : Math.min(...due.map((job) => job.dueAt)),
      }
    },
  }
}
