// Jobs in a map, with the promises of the store port.
import type { Change, Claim, Job, JobCounts, PutBack } from '../../../ports/store.ts'

type Kept = Job & { readonly leasedBy: string | null }

const toJob = ({ leasedBy: _, ...job }: Kept): Job => job
const toJobOrNull = (job: Kept | undefined): Job | null => (job === undefined ? null : toJob(job))

export const openJobs = () => {
  const jobs = new Map<string, Kept>()
  const hearts = new Map<string, number>()

  const alter = (id: string, change: (job: Kept) => Partial<Kept>): void => {
    const job = jobs.get(id)
    if (job !== undefined) jobs.set(id, { ...job, ...change(job) })
  }
  const free = () => [...jobs.values()].filter((j) => j.leasedBy === null && j.buriedAt === null)

  return {
    write: ({ cartId, at, jobs: changes }: Change): void => {
      for (const intent of changes.put) {
        if (jobs.has(intent.id)) continue
        const unused = { attempts: 0, unknownAt: null, lastError: null, buriedAt: null }
        const times = { createdAt: at, dueAt: at }
        jobs.set(intent.id, { ...intent, cartId, ...times, ...unused, leasedBy: null })
      }
      for (const id of changes.cancelled) {
        alter(id, ({ buriedAt }) => {
          const risen = buriedAt === null ? {} : { dueAt: at, createdAt: at }
          return { kind: 'cancel', buriedAt: null, ...risen }
        })
      }
      for (const id of changes.revived) {
        const anew = { buriedAt: null, leasedBy: null, dueAt: at, createdAt: at }
        alter(id, () => ({ kind: 'cancel', ...anew }))
      }
      for (const id of changes.requeued) {
        const anew = { buriedAt: null, leasedBy: null, attempts: 0, dueAt: at, createdAt: at }
        alter(id, () => anew)
      }
      for (const { id, reason } of changes.buried) {
        alter(id, () => ({ buriedAt: at, leasedBy: null, lastError: reason }))
      }
      for (const id of changes.finished) jobs.delete(id)
    },
    claim: ({ workerId, now, limit }: Claim): readonly Job[] => {
      const due = free()
        .filter((job) => job.dueAt <= now)
        .sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1))
        .slice(0, limit)
      for (const { id } of due) {
        alter(id, ({ attempts }) => ({ leasedBy: workerId, attempts: attempts + 1 }))
      }
      return due.map((job) => ({ ...toJob(job), attempts: job.attempts + 1 }))
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
      for (const { id } of orphaned) {
        alter(id, () => ({ leasedBy: null, dueAt: now, unknownAt: now }))
      }
      return orphaned.length
    },
    find: (id: string): Job | null => toJobOrNull(jobs.get(id)),
    listBuried: (after: string | null, limit: number): readonly Job[] =>
      [...jobs.values()]
        .filter((job) => job.buriedAt !== null && job.id > (after ?? ''))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
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
