// A part of a change: the rows that it takes to the database, and what is done with them there.
import type { Change } from '../../../ports/store.ts'
import type { ArrayColumns, ArrayRow } from './array-columns.ts'

export type Part = {
  /** Names the part of the statement, and the statement by its parts. */
  readonly name: string
  /** Of its rows; `change_index`, that of the change in its group, from 1, comes before them. */
  readonly columns: ArrayColumns
  readonly rowsOf: (change: Change) => readonly ArrayRow[]
  /**
   * @param rows stands for the rows in a FROM clause, where they are called `r`
   * @param isWritten a condition on `r.change_index`: its change is to be written
   */
  readonly sql: (rows: string, isWritten: string) => string
}

/** `insert into … select …` of all the columns of the rows. */
export const insertAll = (
  table: string,
  columns: readonly string[],
  rows: string,
  isWritten: string,
): string => `
    insert into ${table} (${columns.join(', ')})
    select ${columns.map((name) => `r.${name}`).join(', ')} from ${rows} where ${isWritten}`

/** `name = excluded.name` of each column. */
export const fromExcluded = (columns: readonly string[]): string =>
  columns.map((name) => `${name} = excluded.${name}`).join(', ')
