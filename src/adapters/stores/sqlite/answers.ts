// Answers kept for repeats of their requests, by cart, key and caller.
import type { CartId } from '../../../domain/cart.ts'
import type { Answer, AnswerKey } from '../../../ports/store.ts'
import type { Database } from './database.ts'
import type { ChangeRows, Row } from './rows.ts'

export type AnswerTable = {
  find(cartId: CartId, keys: readonly AnswerKey[]): readonly Answer[]
  isFree(change: ChangeRows): boolean
  write(change: ChangeRows): void
  /** Deletes answers from before a time, oldest first. */
  sweep(before: number, limit: number): number
}

export const openAnswers = (database: Database): AnswerTable => {
  const select = database.prepare(`
    select caller, key, fingerprint, status, headers, body, at from answers
    where cart_id = ? and key = ? and caller = ?`)
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
    find: (cartId, keys) =>
      keys.flatMap(({ key, caller }) => {
        const row = select.get(cartId, key, caller) as Row | undefined
        return row === undefined ? [] : [toAnswer(row)]
      }),
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

const toAnswer = ([caller, key, fingerprint, status, headers, body, at]: Row): Answer => ({
  caller: caller as string,
  key: key as string,
  fingerprint: fingerprint as string,
  status: status as number,
  headers: JSON.parse(headers as string) as Answer['headers'],
  body: body as string,
  at: at as number,
})
