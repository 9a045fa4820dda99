// A part of a change: the rows that it takes to the database, and what is done with them there.
import type { Change } from '../../../ports/store.ts'
import type { ColumnType, Row } from './columns.ts'

export type Part = {
  /** Names the part of the statement, and the statement by its parts. */
  readonly name: string
  /** Of its rows; `place`, that of the change in its group, from 1, comes before them. */
  readonly columns: Readonly<Record<string, ColumnType>>
  readonly rowsOf: (change: Change) => readonly Row[]
  /**
   * @param rows stands for the rows in a FROM clause, where they are called `r`
   * @param isWritten a condition on `r.place`: its change is to be written
   */
  readonly sql: (rows: string, isWritten: string) => string
}
