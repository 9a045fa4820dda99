// The store as the thread sees it: plain calls on open tables. One commit is all or nothing only inside
// the transaction of its caller.
import type { CommitResult, JobStore, JournalStore, SweepBounds } from '../../../ports/store.ts'
import type { Row } from '../rows/define-table.ts'
import { openAnswerTable } from './answer-table.ts'
import { openCartTable } from './cart-table.ts'
import type { ChangeRows } from './change-rows.ts'
import type { Database } from './database.ts'
import { openJobTable } from './job-table.ts'
import { openJournalTable } from './journal-table.ts'

export type Tables = {
  commit(change: ChangeRows): CommitResult
  readJournal(...args: Parameters<JournalStore['readJournal']>): readonly Row[]
  sweep(bounds: SweepBounds): number
  check(): void
} & {
  readonly [Name in keyof JobStore]: (
    ...args: Parameters<JobStore[Name]>
  ) => Awaited<ReturnType<JobStore[Name]>>
}

export type Method = keyof Tables

/** Methods that write nothing: a group of only these needs no transaction. */
export const readsOnly: ReadonlySet<Method> = new Set<Method>([
  'readJournal',
  'findJob',
  'listBuried',
  'countJobs',
])

export const openTables = (database: Database): Tables => {
  const carts = openCartTable(database)
  const journal = openJournalTable(database)
  const answers = openAnswerTable(database)
  const jobs = openJobTable(database)
  // The file has one owner: a worker that leased jobs in it before is gone.
  jobs.voidLeases(Date.now())
  const touch = database.prepare('insert or replace into workers values (?, ?)')
  const untouch = database.prepare('delete from workers where worker_id = ?')

  const commit = (change: ChangeRows): CommitResult => {
    if (!(change.leases ?? []).every(jobs.has)) return 'lease-lost'
    if (!answers.isFree(change)) return 'conflict'
    if (!carts.advance(change)) return 'conflict'
    carts.write(change)
    journal.append(change)
    jobs.write(change)
    answers.write(change)
    return 'committed'
  }
  return {
    commit,
    readJournal: journal.read,
    claimJobs: jobs.claimJobs,
    putBackJobs: jobs.putBackJobs,
    beat: jobs.beat,
    findJob: jobs.findJob,
    listBuried: jobs.listBuried,
    countJobs: jobs.countJobs,
    sweep: ({ answersBefore, journalBefore, limit }: SweepBounds) =>
      answers.sweep(answersBefore, limit) + journal.sweep(journalBefore, limit),
    check: () => {
      touch.run('', 0)
      untouch.run('')
    },
  }
}
