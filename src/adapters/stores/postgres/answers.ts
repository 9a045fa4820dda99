// Answers kept for repeats of their requests, by cart, key and caller.
import type { Part } from './part.ts'

export const keepAnswers: Part = {
  name: 'keep_answers',
  columns: {
    cart_id: 'text',
    key: 'text',
    caller: 'text',
    fingerprint: 'text',
    status: 'integer',
    headers: 'text',
    body: 'text',
    at: 'bigint',
  },
  rowsOf: ({ cartId, answers }) =>
    answers.map(({ key, caller, fingerprint, status, headers, body, at }) => [
      cartId,
      key,
      caller,
      fingerprint,
      status,
      JSON.stringify(headers),
      body,
      at,
    ]),
  sql: (rows, isWritten) => `
    insert into answers (cart_id, key, caller, fingerprint, status, headers, body, at)
    select r.cart_id, r.key, r.caller, r.fingerprint, r.status, r.headers, r.body, r.at
    from ${rows} where ${isWritten}`,
}

/** The changes of a group whose answer keys are used; in place of a write. */
export const usedKeys = (rows: string): string => `
  select distinct r.place from ${rows}
  join answers a on a.cart_id = r.cart_id and a.key = r.key and a.caller = r.caller`
