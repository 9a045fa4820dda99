// What keyed requests did, kept for their repeats, by cart, key and caller.
import type { CartId } from '../../../domain/ids.ts'
import type { AnswerKey } from '../../../ports/store.ts'
import { answerTable } from '../rows/answer-row.ts'
import type { Row } from '../rows/define-table.ts'
import type { ChangeRows } from './change-rows.ts'
import { type Database, placeholders } from './database.ts'

export type AnswerTable = {
  isFree(change: ChangeRows): boolean
  write(change: ChangeRows): void
  /** Deletes answers from before a time, oldest first. */
  sweep(before: number, limit: number): number
}

export const openAnswerTable = (database: Database): AnswerTable => {
  const { columns } = answerTable
  const exists = database.prepare(
    'select 1 from answers where user_id = ? and key = ? and caller = ?',
  )
  const insert = database.prepare(
    `insert into answers (${columns.join(', ')}) values (${placeholders(columns)})`,
  )
  const deleteOldest = database.prepare(`
    delete from answers where rowid in (select rowid from answers order by rowid limit ?)
      and at < ?`)
  return {
    isFree: ({ answers = [] }) =>
      answers.every((row) => {
        const { user_id, key, caller } = answerTable.fromRow(row)
        return exists.get(user_id, key, caller) === undefined
      }),
    write: ({ answers = [] }) => {
      for (const row of answers) insert.run(...row)
    },
    sweep: (before, limit) => Number(deleteOldest.run(limit, before).changes),
  }
}

/** On a connection that reads. */
export const openAnswerReads = (database: Database) => {
  const select = database.prepare(`
    select ${answerTable.columns.join(', ')} from answers
    where user_id = ? and key = ? and caller = ?`)
  return (cartId: CartId, keys: readonly AnswerKey[]): readonly Row[] =>
    keys.flatMap(({ key, caller }) => {
      const row = select.get(cartId, key, caller) as Row | undefined
      return row === undefined ? [] : [row]
    })
}
