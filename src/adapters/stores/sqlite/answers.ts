// Answers kept for repeats of their requests, by cart, key and caller.
import type { Database } from './database.ts'
import type { ChangeRows } from './rows.ts'

export type AnswerTable = {
  isFree(change: ChangeRows): boolean
  write(change: ChangeRows): void
  /** Deletes answers from before a time, oldest first. */
  sweep(before: number, limit: number): number
}

export const openAnswers = (database: Database): AnswerTable => {
  const exists = database.prepare(
    'select 1 from answers where cart_id = ? and key = ? and caller = ?',
  )
  const insert = database.prepare(`
    insert into answers (cart_id, caller, key, fingerprint, status, headers, body, at)
    values (?, ?, ?, ?, ?, ?, ?, ?)`)
  const deleteOldest = database.prepare(`
    delete from answers where rowid in (select rowid from answers order by rowid limit ?)
      and at < ?`)
  return {
    isFree: ({ cartId, answers = [] }) =>
      answers.every(({ key, caller }) => exists.get(cartId, key, caller) === undefined),
    write: ({ cartId, answers = [] }) => {
      for (const { caller, key, fingerprint, status, headers, body, at } of answers) {
        const text = JSON.stringify(headers)
        insert.run(cartId, caller, key, fingerprint, status, text, body, at)
      }
    },
    sweep: (before, limit) => Number(deleteOldest.run(limit, before).changes),
  }
}
