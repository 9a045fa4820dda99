// The one write of a group of changes: one statement, so that the changes are committed together in one
// round trip, and each on its own is written wholly or not at all.
import type { Change, CommitResult } from '../../../ports/store.ts'
import { keepAnswers, usedKeys } from './answer-table.ts'
import { type ArrayColumns, type ArrayRow, toArrays, unnest } from './array-columns.ts'
import {
  headColumns,
  putItems,
  putOlder,
  removeItems,
  removeOlder,
  toHeadRow,
} from './cart-table.ts'
import type { Statement } from './database.ts'
import { putDepartures, removeDepartures } from './departing-table.ts'
import {
  changeJobs,
  finishJobs,
  heldLeases,
  leaseColumns,
  putJobs,
  toLeaseRows,
} from './job-changes.ts'
import { appendJournal } from './journal-table.ts'
import type { Part } from './statement-part.ts'

const parts: readonly Part[] = [
  putItems,
  removeItems,
  putOlder,
  removeOlder,
  putDepartures,
  removeDepartures,
  appendJournal,
  putJobs,
  changeJobs,
  finishJobs,
  keepAnswers,
]

export type Write = { readonly statement: Statement; readonly values: readonly string[] }

/** Changes of different carts, in the order of their ids. */
export const toWrite = (changes: readonly Change[]): Write => {
  const carts = rowsIn(changes, (change) => [toHeadRow(change)])
  const values = [...toArrays(carts, widthOf(headColumns))]
  const leases = rowsIn(changes, toLeaseRows)
  const isLeased = leases.length > 0
  if (isLeased) values.push(...toArrays(leases, widthOf(leaseColumns)))
  const present: Part[] = []
  for (const part of parts) {
    const rows = rowsIn(changes, part.rowsOf)
    if (rows.length === 0) continue
    present.push(part)
    values.push(...toArrays(rows, widthOf(part.columns)))
  }
  return { statement: statementOf(isLeased, present), values }
}

const widthOf = (columns: ArrayColumns): number => 1 + Object.keys(columns).length

/** Each with the index of its change before it, from 1. */
const rowsIn = (
  changes: readonly Change[],
  rowsOf: (change: Change) => readonly ArrayRow[],
): readonly ArrayRow[] => {
  const rows: ArrayRow[] = []
  for (const [index, change] of changes.entries()) {
    for (const row of rowsOf(change)) rows.push([index + 1, ...row])
  }
  return rows
}

const letters: Readonly<Record<string, CommitResult>> = {
  w: 'committed',
  c: 'conflict',
  l: 'lease-lost',
}

/** The answer of the statement: a letter for each change. */
export const toResults = ([row]: readonly (readonly unknown[])[]): readonly CommitResult[] =>
  Array.from(String(row?.[0] ?? ''), (letter) => letters[letter] ?? 'conflict')

const statements = new Map<string, Statement>()

const statementOf = (isLeased: boolean, present: readonly Part[]): Statement => {
  const name = ['commit', ...(isLeased ? ['leases'] : []), ...present.map((part) => part.name)]
  const key = name.join(' ')
  const known = statements.get(key)
  if (known !== undefined) return known
  // Names of statements end after 63 bytes.
  const made = { name: `commit_${statements.size}`, text: compose(isLeased, present) }
  statements.set(key, made)
  return made
}

/**
 * `given` are the changes, `moved` and `made` the carts that are at their new revision by this statement,
 * `outcome` what came of each change: its letters, and whether it is written, by index.
 */
const compose = (isLeased: boolean, present: readonly Part[]): string => {
  let next = 1
  const rowsOf = (columns: ArrayColumns): string => {
    const rows = unnest({ change_index: 'integer', ...columns }, 'r', next)
    next += widthOf(columns)
    return rows
  }
  const given = rowsOf(headColumns)
  const leases = isLeased ? rowsOf(leaseColumns) : null
  const rows = new Map(present.map((part) => [part, rowsOf(part.columns)]))
  const answers = rows.get(keepAnswers)
  const isWritten = '(select o.written from outcome o)[r.change_index]'
  const writes = [...rows].map(([part, from]) => `${part.name} as (${part.sql(from, isWritten)})`)
  return `
  with given as materialized (
    select * from ${given}),
  ${leases === null ? '' : `held as materialized (${heldLeases(leases)}),`}
  lost as materialized (${
    leases === null
      ? none
      : `select distinct r.change_index from ${leases}
      where r.job_id not in (select h.id from held h)`
  }),
  used as materialized (${answers === undefined ? none : usedKeys(answers)}),
  free as materialized (
    select * from given g where g.change_index not in (select change_index from lost)
      and g.change_index not in (select change_index from used)),
  moved as (
    update carts c set version = g.version, revision = g.revision, updated_at = g.updated_at
    from free g where g.expected > 0 and c.user_id = g.user_id and c.revision = g.expected
    returning g.change_index),
  made as (
    insert into carts (user_id, version, revision, created_at, updated_at)
    select user_id, version, revision, created_at, updated_at from free
    where expected = 0 and revision > 0 on conflict (user_id) do nothing returning user_id),
  -- A write without effect on a cart that was never written leaves no cart behind.
  untouched as (
    select change_index from free g where g.revision = 0
      and not exists (select from carts c where c.user_id = g.user_id)),
  outcome as materialized (
    select array_agg(is_written order by change_index) as written,
      string_agg(case when is_written then 'w' when is_lost then 'l' else 'c' end, '' order by change_index)
        as letters
    from (select g.change_index,
        g.change_index in (select change_index from moved union all select change_index from untouched)
          or (g.expected = 0 and g.user_id in (select user_id from made)) as is_written,
        g.change_index in (select change_index from lost) as is_lost
      from given g) each)${writes.map((write) => `,\n  ${write}`).join('')}
  select letters from outcome`
}

const none = 'select null::integer as change_index where false'
