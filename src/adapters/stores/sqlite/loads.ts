// Reads what the next command of a cart needs. On a connection of its own, so that no read waits for the
// fsync of somebody's write.
import type { CartId, ItemId } from '../../../domain/cart.ts'
import type { Answer, AnswerKey } from '../../../ports/store.ts'
import type { Database } from './database.ts'
import type { LoadedRows, Row } from './rows.ts'

export type Loads = {
  /** Between two writes of the cart: its rows are read by several statements. */
  load(cartId: CartId, keys: readonly AnswerKey[]): LoadedRows
  loadOlder(cartId: CartId, itemId: ItemId): readonly Row[]
  /** May be called again. */
  close(): void
}

export const openLoads = (database: Database): Loads => {
  // The row of the cart comes first: its product id is empty.
  const selectRows = database.prepare(`
    select version, revision, departing, item_id, product_id, attributes, name, quantity,
      unit_price, currency, reservations, older, created_at, updated_at
    from cart_rows where user_id = ? order by product_id, attributes`)
  const selectDeparting = database.prepare(`
    select key, item_id, quantity, state, hold_id, since
    from departing where user_id = ? order by since, key`)
  const selectOlder = database.prepare(
    'select reservation from older_reservations where user_id = ? and item_id = ?',
  )
  const selectAnswer = database.prepare(`
    select caller, key, fingerprint, status, headers, body, at from answers
    where cart_id = ? and key = ? and caller = ?`)
  const findAnswers = (cartId: CartId, keys: readonly AnswerKey[]): readonly Answer[] =>
    keys.flatMap(({ key, caller }) => {
      const row = selectAnswer.get(cartId, key, caller) as Row | undefined
      return row === undefined ? [] : [toAnswer(row)]
    })
  let isOpen = true
  return {
    load: (cartId, keys) => {
      const rows = selectRows.all(cartId) as unknown as readonly Row[]
      const [, , departs] = rows[0] ?? []
      const answers = findAnswers(cartId, keys)
      if (!departs) return { rows, answers }
      return { rows, departing: selectDeparting.all(cartId) as unknown as readonly Row[], answers }
    },
    loadOlder: (cartId, itemId) => selectOlder.all(cartId, itemId) as unknown as readonly Row[],
    close: () => {
      if (isOpen) database.close()
      isOpen = false
    },
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
