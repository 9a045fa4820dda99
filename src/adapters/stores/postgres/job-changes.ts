// What a change does to jobs, as at most one row for each job: a statement changes a row once, and does
// not see what its other parts write.
import type { Change, JobChanges } from '../../../ports/store.ts'
import { fromIntent, intentTable } from '../rows/job-row.ts'
import type { ArrayRow } from './array-columns.ts'
import { insertAll, type Part } from './statement-part.ts'

type Fate = {
  isCancelled: boolean
  isRequeued: boolean
  /** Due at once, its age counted from now. */
  startsOver: boolean
  isFinished: boolean
  /** Why it is buried; null when it is not. */
  reason: string | null
}

/** By job, after all that the change does with it. */
const fatesOf = (jobs: JobChanges): ReadonlyMap<string, Readonly<Fate>> => {
  const fates = new Map<string, Fate>()
  const follow = (id: string, step: Partial<Fate>) => {
    fates.set(id, { ...(fates.get(id) ?? untouched), ...step })
  }
  for (const id of jobs.cancelled) follow(id, { isCancelled: true })
  for (const id of jobs.revived) follow(id, { isCancelled: true, startsOver: true })
  for (const id of jobs.requeued) follow(id, { isRequeued: true, startsOver: true })
  for (const { id, reason } of jobs.buried) follow(id, { reason })
  for (const id of jobs.finished) follow(id, { isFinished: true })
  return fates
}

const untouched: Fate = {
  isCancelled: false,
  isRequeued: false,
  startsOver: false,
  isFinished: false,
  reason: null,
}

const isPlain = ({ jobs }: Change): boolean =>
  jobs.cancelled.length + jobs.revived.length + jobs.requeued.length + jobs.buried.length === 0 &&
  jobs.finished.length === 0

const noFates: ReturnType<typeof fatesOf> = new Map()

export const putJobs: Part = {
  name: 'put_jobs',
  columns: {
    ...intentTable.types,
    created_at: 'bigint',
    due_at: 'bigint',
    buried_at: 'bigint',
    last_error: 'text',
  },
  rowsOf: (change) => {
    const { cartId, at, jobs } = change
    const fates = isPlain(change) ? noFates : fatesOf(jobs)
    return jobs.put
      .filter(({ id }) => fates.get(id)?.isFinished !== true)
      .map((job): ArrayRow => {
        const fate = fates.get(job.id)
        const reason = fate?.reason ?? null
        const row = fromIntent(cartId, job, fate?.isCancelled ? 'cancel' : job.kind)
        return [...row, at, at, reason === null ? null : at, reason]
      })
  },
  // A job that is there already is the same intent: its id names the call it stands for.
  sql: (rows, isWritten) => `
    ${insertAll('jobs', Object.keys(putJobs.columns), rows, isWritten)} on conflict (id) do nothing`,
}

/** Applies to jobs that were there before the change. */
export const changeJobs: Part = {
  name: 'change_jobs',
  columns: {
    id: 'text',
    stays: 'boolean',
    cancels: 'boolean',
    requeues: 'boolean',
    starts_over: 'boolean',
    reason: 'text',
    at: 'bigint',
  },
  rowsOf: (change) =>
    isPlain(change)
      ? []
      : [...fatesOf(change.jobs)]
          .filter(([, { isFinished }]) => !isFinished)
          .map(([id, { isCancelled, isRequeued, startsOver, reason }]) => {
            const stays = !startsOver && reason === null
            return [id, stays, isCancelled, isRequeued, startsOver, reason, change.at]
          }),
  sql: (rows, isWritten) => `
    update jobs j set
      kind = case when r.cancels then 'cancel' else j.kind end,
      buried_at = case when r.reason is not null then r.at end,
      leased_by = case when r.stays then j.leased_by end,
      handed_at = case when r.stays then j.handed_at end,
      attempts = case when r.requeues then 0 else j.attempts end,
      last_error = coalesce(r.reason, j.last_error),
      due_at = case when ${startsOver} then r.at else j.due_at end,
      created_at = case when ${startsOver} then r.at else j.created_at end
    from ${rows} where j.id = r.id and ${isWritten}`,
}

const startsOver = 'r.starts_over or (r.cancels and j.buried_at is not null)'

export const finishJobs: Part = {
  name: 'finish_jobs',
  columns: { id: 'text' },
  rowsOf: ({ jobs }) => jobs.finished.map((id) => [id]),
  sql: (rows, isWritten) => `
    delete from jobs j using ${rows} where j.id = r.id and ${isWritten}`,
}

/** The jobs that a change rests on. */
export const leaseColumns = { job_id: 'text', worker_id: 'text' } as const

export const toLeaseRows = ({ leases }: Change): readonly ArrayRow[] =>
  leases.map(({ jobId, workerId }) => [jobId, workerId])

/** Locked, so that no other process takes the jobs back between this look and the end of the write. */
export const heldLeases = (rows: string): string => `
  select r.change_index, j.id from ${rows}
  join jobs j on j.id = r.job_id and j.leased_by = r.worker_id for update of j`
