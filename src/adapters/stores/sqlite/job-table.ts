import type { JobCounts, JobStore, Lease, PutBack } from '../../../ports/store.ts'
import type { Row } from '../rows/define-table.ts'
import { byAge, intentTable, jobTable, toJob } from '../rows/job-row.ts'
import type { ChangeRows } from './change-rows.ts'
import { type Database, placeholders } from './database.ts'

/** The job half of the store port, without the promises: this side is one thread. */
export type JobTable = {
  readonly [Name in keyof JobStore]: (
    ...args: Parameters<JobStore[Name]>
  ) => Awaited<ReturnType<JobStore[Name]>>
} & {
  write(change: ChangeRows): void
  has(lease: Lease): boolean
  voidLeases(now: number): number
}

const columns = jobTable.columns.join(', ')

export const openJobTable = (database: Database): JobTable => {
  const select = database.prepare(`select ${columns} from jobs where id = ?`)
  const selectBuried = database.prepare(`select ${columns} from jobs
    where buried_at is not null and id > ? order by id limit ?`)
  const claim = database.prepare(`
    update jobs set leased_by = ?, attempts = attempts + 1
    where id in (select id from jobs where leased_by is null and buried_at is null and due_at <= ?
      order by due_at, id limit ?)
    returning ${columns}`)
  const putBack = database.prepare(`
    update jobs set leased_by = null, due_at = ?, attempts = attempts - ?,
      unknown_at = coalesce(?, unknown_at), last_error = coalesce(?, last_error)
    where id = ? and leased_by = ?`)
  const beatHeart = database.prepare('insert or replace into workers values (?, ?)')
  const takeBack = database.prepare(`
    update jobs set leased_by = null, due_at = ?, unknown_at = ?
    where leased_by is not null
      and leased_by not in (select worker_id from workers where beat_at > ?)`)
  const forgetWorkers = database.prepare('delete from workers where beat_at <= ?')
  const counts = database.prepare(`select
    (select count(*) from jobs where leased_by is null and buried_at is null and due_at <= ?1),
    (select count(*) from jobs where leased_by is null and buried_at is null and due_at > ?1),
    (select count(*) from jobs where leased_by is not null),
    (select count(*) from jobs where buried_at is not null),
    (select min(due_at) from jobs where leased_by is null and buried_at is null and due_at <= ?1)`)
  const selectLeased = database.prepare('select 1 from jobs where id = ? and leased_by = ?')
  const write = openJobWrites(database)

  return {
    claimJobs: ({ workerId, now, limit }) =>
      (claim.all(workerId, now, limit) as unknown as Row[]).map(toJob).sort(byAge),
    putBackJobs: (workerId, jobs, now) => {
      for (const job of jobs) putBack.run(...fromPutBack(job, now), job.id, workerId)
    },
    beat: (workerId, now, leaseMs) => {
      beatHeart.run(workerId, now)
      const taken = takeBack.run(now, now, now - leaseMs)
      forgetWorkers.run(now - leaseMs)
      return Number(taken.changes)
    },
    has: ({ jobId, workerId }) => selectLeased.get(jobId, workerId) !== undefined,
    findJob: (id) => {
      const row = select.get(id) as Row | undefined
      return row === undefined ? null : toJob(row)
    },
    listBuried: (after, limit) =>
      (selectBuried.all(after ?? '', limit) as unknown as Row[]).map(toJob),
    countJobs: (now) => toCounts(counts.get(now) as unknown as Row),
    voidLeases: (now) => Number(takeBack.run(now, now, Number.MAX_SAFE_INTEGER).changes),
    write,
  }
}

const openJobWrites = (database: Database): ((change: ChangeRows) => void) => {
  // A job that is there already is the same intent: its id names the call it stands for.
  const insert = database.prepare(`
    insert into jobs (${intentTable.columns.join(', ')}, created_at, due_at)
    values (${placeholders(intentTable.columns)}, ?, ?) on conflict do nothing`)
  const cancel = database.prepare(`
    update jobs set kind = 'cancel', buried_at = null,
      due_at = iif(buried_at is null, due_at, ?1), created_at = iif(buried_at is null, created_at, ?1)
    where id = ?2`)
  const revive = database.prepare(`
    update jobs set kind = 'cancel', buried_at = null, leased_by = null, due_at = ?1, created_at = ?1
    where id = ?2`)
  const requeue = database.prepare(`
    update jobs set buried_at = null, leased_by = null, attempts = 0, due_at = ?, created_at = ?
    where id = ?`)
  const bury = database.prepare(
    'update jobs set buried_at = ?, leased_by = null, last_error = ? where id = ?',
  )
  const finish = database.prepare('delete from jobs where id = ?')
  return ({ at, jobs }) => {
    for (const row of jobs.put) insert.run(...row, at, at)
    for (const id of jobs.cancelled ?? []) cancel.run(at, id)
    for (const id of jobs.revived ?? []) revive.run(at, id)
    for (const id of jobs.requeued ?? []) requeue.run(at, at, id)
    for (const { id, reason } of jobs.buried ?? []) bury.run(at, reason, id)
    for (const id of jobs.finished ?? []) finish.run(id)
  }
}

const fromPutBack = ({ dueAt, attempt, lastError }: PutBack, now: number) =>
  [dueAt, attempt === 'uncounted' ? 1 : 0, attempt === 'unknown' ? now : null, lastError] as const

const toCounts = ([due, scheduled, leased, buried, oldestDueAt]: Row): JobCounts => ({
  due: Number(due),
  scheduled: Number(scheduled),
  leased: Number(leased),
  buried: Number(buried),
  oldestDueAt: oldestDueAt === null || oldestDueAt === undefined ? null : Number(oldestDueAt),
})
