// Deletes what is too old. The summaries of block ranges find it; without them every sweep would read the
// whole table, also when there is nothing to delete.
import type { SweepBounds } from '../../../ports/store.ts'
import type { Database } from './database.ts'

const answers = `
  with gone as (delete from answers where ctid = any(array(
    select ctid from answers where at < $1 limit $2 for update skip locked)) returning 1)
  select count(*)::integer as swept from gone`

const journal = `
  with gone as (delete from journal where ctid = any(array(
    select ctid from journal where at < $1 and published_at is not null limit $2
    for update skip locked)) returning 1)
  select count(*)::integer as swept from gone`

/** Answers how many rows went. */
export const sweep = async (
  database: Database,
  { answersBefore, journalBefore, limit }: SweepBounds,
): Promise<number> =>
  (await sweepTable(database, answers, answersBefore, limit)) +
  (await sweepTable(database, journal, journalBefore, limit))

const sweepTable = (
  database: Database,
  statement: string,
  before: number,
  limit: number,
): Promise<number> =>
  database.transact(async (client) => {
    await client.query('set local enable_bitmapscan = on')
    await client.query('set local enable_seqscan = off')
    const { rows } = await client.query<{ swept: number }>(statement, [before, limit])
    return rows[0]?.swept ?? 0
  })
