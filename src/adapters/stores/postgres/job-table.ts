import type { HandOverStore, JobStore, PutBack } from '../../../ports/store.ts'
import { byAge, jobTable, toJob } from '../rows/job-row.ts'
import { type ArrayRow, toArrays } from './array-columns.ts'
import { type Database, type Statement, unavailable } from './database.ts'

const columns = jobTable.columns.join(', ')
const columnsOfJob = jobTable.columns.map((name) => `j.${name}`).join(', ')

// Rows that another worker is just taking are skipped instead of waited for.
const claim = {
  name: 'claim_jobs',
  text: `update jobs j set leased_by = $1, attempts = attempts + 1
    from (select id from jobs
      where leased_by is null and buried_at is null and handed_at is null and due_at <= $2
      order by due_at, id limit $3 for update skip locked) due
    where j.id = due.id returning ${columnsOfJob}`,
}

const putBack = {
  name: 'put_back_jobs',
  text: `update jobs j set leased_by = null, due_at = r.due_at,
      attempts = j.attempts - r.uncounted, last_error = coalesce(r.last_error, j.last_error),
      unknown_at = coalesce(r.unknown_at, j.unknown_at)
    from unnest($2::text[], $3::bigint[], $4::integer[], $5::bigint[], $6::text[])
      as r(id, due_at, uncounted, unknown_at, last_error)
    where j.id = r.id and j.leased_by = $1`,
}

const beat = {
  name: 'beat',
  text: `with heart as (
      insert into workers (worker_id, beat_at) values ($1, $2)
      on conflict (worker_id) do update set beat_at = excluded.beat_at),
    forgotten as (delete from workers where beat_at <= $3 and worker_id <> $1),
    orphaned as (select id from jobs
      where leased_by is not null and leased_by <> $1
        and leased_by not in (select worker_id from workers where beat_at > $3)
      for update skip locked),
    taken as (update jobs j set leased_by = null, due_at = $2, unknown_at = $2
      from orphaned o where j.id = o.id returning 1)
    select count(*) from taken`,
}

const handOver = {
  name: 'hand_over_jobs',
  text: `update jobs j set handed_at = $1
    from (select id from jobs
      where leased_by is null and buried_at is null and handed_at is null and due_at <= $1
      order by due_at, id limit $2 for update skip locked) due
    where j.id = due.id returning j.id, j.due_at`,
}

const claimHanded = (name: string, lock: string) => ({
  name,
  text: `update jobs j set leased_by = $1, attempts = attempts + 1, handed_at = null
    from (select id from jobs
      where id = any($3::text[]) and leased_by is null and buried_at is null and due_at <= $2
      order by id ${lock}) due
    where j.id = due.id returning ${columnsOfJob}`,
})
const claimHandedNow = claimHanded('claim_handed_jobs', 'for update skip locked')
const claimHandedSoon = claimHanded('claim_handed_jobs_soon', 'for update')

const takeBackHanded = {
  name: 'take_back_handed_jobs',
  text: `with taken as (update jobs j set handed_at = null
      from (select id from jobs where handed_at < $1 for update skip locked) handed
      where j.id = handed.id returning 1)
    select count(*) from taken`,
}

const find = { name: 'find_job', text: `select ${columns} from jobs where id = $1` }

const listBuried = {
  name: 'list_buried',
  text: `select ${columns} from jobs where buried_at is not null and id > $1 order by id limit $2`,
}

const count = {
  name: 'count_jobs',
  text: `select count(*) filter (where is_free and due_at <= $1),
      count(*) filter (where is_free and due_at > $1),
      count(*) filter (where leased_by is not null),
      count(*) filter (where buried_at is not null),
      min(due_at) filter (where is_free and due_at <= $1)
    from (select due_at, leased_by, buried_at, leased_by is null and buried_at is null as is_free
      from jobs) each`,
}

const queryOn =
  (database: Database) => async (statement: Statement, values: readonly unknown[]) => {
    try {
      return await database.query(statement, values)
    } catch (error) {
      throw unavailable(error)
    }
  }

export const openHandOver = (database: Database): HandOverStore => {
  const query = queryOn(database)
  return {
    handOverJobs: async (now, limit) => {
      const rows = await query(handOver, [now, limit])
      return rows
        .map(([id, dueAt]) => ({ id: String(id), dueAt: Number(dueAt) }))
        .sort(byAge)
        .map(({ id }) => id)
    },
    claimHandedJobs: async ({ workerId, now, ids }) => {
      const claimWith = async (statement: Statement, ids: readonly string[]) => {
        const arrays = toArrays(
          ids.map((id) => [id]),
          1,
        )
        return (await query(statement, [workerId, now, ...arrays])).map(toJob)
      }
      const jobs = await claimWith(claimHandedNow, ids)
      const claimed = new Set(jobs.map(({ id }) => id))
      const others = ids.filter((id) => !claimed.has(id))
      // Gone, or their rows were locked for a moment: those would wait for long to be handed over again.
      // Which is what they do when this fails; the jobs claimed already must not be lost for it.
      if (others.length > 0)
        jobs.push(...(await claimWith(claimHandedSoon, others).catch(() => [])))
      return jobs.sort(byAge)
    },
    takeBackHandedJobs: async (handedBefore) => {
      const [row] = await query(takeBackHanded, [handedBefore])
      return Number(row?.[0])
    },
  }
}

export const openJobs = (database: Database): JobStore => {
  const query = queryOn(database)
  return {
    claimJobs: async ({ workerId, now, limit }) =>
      (await query(claim, [workerId, now, limit])).map(toJob).sort(byAge),
    putBackJobs: async (workerId, jobs, now) => {
      const rows = jobs.map((job) => fromPutBack(job, now))
      if (rows.length > 0) await query(putBack, [workerId, ...toArrays(rows, 5)])
    },
    beat: async (workerId, now, leaseMs) => {
      const [row] = await query(beat, [workerId, now, now - leaseMs])
      return Number(row?.[0])
    },
    findJob: async (id) => (await query(find, [id])).map(toJob)[0] ?? null,
    listBuried: async (after, limit) => (await query(listBuried, [after ?? '', limit])).map(toJob),
    countJobs: async (now) => {
      const [row = []] = await query(count, [now])
      const [due, scheduled, leased, buried] = row.map(Number)
      return {
        due: due ?? 0,
        scheduled: scheduled ?? 0,
        leased: leased ?? 0,
        buried: buried ?? 0,
        oldestDueAt: row[4] == null ? null : Number(row[4]),
      }
    },
  }
}

const fromPutBack = ({ id, dueAt, attempt, lastError }: PutBack, now: number): ArrayRow => [
  id,
  dueAt,
  attempt === 'uncounted' ? 1 : 0,
  attempt === 'unknown' ? now : null,
  lastError,
]
