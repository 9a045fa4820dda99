// Reads what the next command of a cart needs. Loads that come while others are under way share a
// statement, which sees every cart at one moment.
import { type Cart, emptyCart } from '../../../domain/cart/cart.ts'
import type { Item } from '../../../domain/cart/item.ts'
import type { CartError } from '../../../domain/errors.ts'
import type { CartId } from '../../../domain/ids.ts'
import type { Departing } from '../../../domain/reservation/reservation.ts'
import type { Answer, AnswerKey, CartStore, Loaded } from '../../../ports/store.ts'
import { answerTable, toAnswer } from '../rows/answer-row.ts'
import { cartTable, toCart } from '../rows/cart-row.ts'
import { byLeaving, departingTable, toDeparting } from '../rows/departing-row.ts'
import { byAddition, itemTable, toItem } from '../rows/item-row.ts'
import { olderTable, toOlder } from '../rows/older-row.ts'
import { toArrays } from './array-columns.ts'
import {
  type Database,
  type ReadRow,
  rolledBackWith,
  tookTooLong,
  unavailable,
} from './database.ts'
import { openGroups } from './groups.ts'
import { layOut } from './union-rows.ts'

type Load = { readonly cartId: CartId; readonly keys: readonly AnswerKey[] }

const bounds = { callsMax: 256, groupsMax: 2 }

const union = layOut({
  cart: cartTable.types,
  item: itemTable.types,
  departing: departingTable.types,
  answer: answerTable.types,
})

const readHead = cartTable.readerAt(union.indexes.cart)
const readItem = itemTable.readerAt(union.indexes.item)
const readDeparting = departingTable.readerAt(union.indexes.departing)
const readAnswer = answerTable.readerAt(union.indexes.answer)

const cartRows = [
  `${union.select.cart('t')} from carts t where t.user_id = any($1::text[])`,
  `${union.select.item('t')} from cart_items t where t.user_id = any($1::text[])`,
  `${union.select.departing('t')} from departing t where t.user_id = any($1::text[])`,
]

const answerRows = `${union.select.answer('t')}
  from unnest($2::text[], $3::text[], $4::text[]) as r(user_id, key, caller)
  join answers t on t.user_id = r.user_id and t.key = r.key and t.caller = r.caller`

const withoutAnswers = { name: 'load_carts', text: cartRows.join('\n  union all\n  ') }
const withAnswers = {
  name: 'load_carts_and_answers',
  text: [...cartRows, answerRows].join('\n  union all\n  '),
}

const older = {
  name: 'load_older',
  text: `select ${olderTable.columns.join(', ')} from older_reservations
    where user_id = $1 and item_id = $2`,
}

export const openLoads = (database: Database): Pick<CartStore, 'load' | 'loadOlder'> => {
  const load = openGroups<Load, Loaded | CartError>(bounds, (loads) => readEach(database, loads))
  return {
    load: async (cartId, keys) => {
      const result = await load({ cartId, keys })
      if (result instanceof Error) throw result
      return result
    },
    loadOlder: async (cartId, itemId) => {
      try {
        return toOlder(await database.query(older, [cartId, itemId]))
      } catch (error) {
        throw unavailable(error)
      }
    },
  }
}

const readEach = async (
  database: Database,
  loads: readonly Load[],
): Promise<readonly (Loaded | CartError)[]> => {
  let rows: ReadonlyMap<string, readonly ReadRow[]>
  try {
    rows = await queryFor(database, loads)
  } catch (error) {
    const code = rolledBackWith(error)
    if (loads.length === 1 || code === null || code === tookTooLong) {
      return loads.map(() => unavailable(error))
    }
    // One of them asks for what the server does not know, as NUL: only that one fails.
    const results: (Loaded | CartError)[] = []
    for (const each of loads) results.push(...(await readEach(database, [each])))
    return results
  }
  return loads.map(({ cartId, keys }) => {
    try {
      return toLoaded(cartId, keys, rows.get(cartId))
    } catch (error) {
      // A row that cannot be read is the trouble of its cart alone.
      return unavailable(error)
    }
  })
}

/** The rows of each cart. */
const queryFor = async (
  database: Database,
  loads: readonly Load[],
): Promise<ReadonlyMap<string, readonly ReadRow[]>> => {
  const carts = toArrays(
    [...new Set(loads.map(({ cartId }) => cartId))].map((id) => [id]),
    1,
  )
  const keys = loads.flatMap(({ cartId, keys }) =>
    keys.map(({ key, caller }) => [cartId, key, caller]),
  )
  const rows =
    keys.length === 0
      ? await database.query(withoutAnswers, carts)
      : await database.query(withAnswers, [...carts, ...toArrays(keys, 3)])
  return Map.groupBy(rows, (row) => String(row[union.userIdIndex]))
}

const toLoaded = (
  cartId: CartId,
  keys: readonly AnswerKey[],
  rows: readonly ReadRow[] = [],
): Loaded => {
  let head: ReadRow | undefined
  const items: Item[] = []
  const departing: Departing[] = []
  const answers: Answer[] = []
  for (const row of rows) {
    const kind = row[union.kindIndex]
    if (kind === 'cart') head = row
    else if (kind === 'item') items.push(toItem(readItem(row)))
    else if (kind === 'departing') departing.push(toDeparting(readDeparting(row)))
    else answers.push(toAnswer(readAnswer(row)))
  }
  return {
    cart: head === undefined ? emptyCart(cartId) : toWholeCart(cartId, head, items, departing),
    // Loads of one cart in one group share its rows.
    answers: answers.filter((answer) =>
      keys.some(({ key, caller }) => key === answer.key && caller === answer.caller),
    ),
  }
}

const toWholeCart = (cartId: CartId, head: ReadRow, items: Item[], departing: Departing[]): Cart =>
  toCart(cartId, readHead(head), items.sort(byAddition), departing.sort(byLeaving))
