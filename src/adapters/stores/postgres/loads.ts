// Reads what the next command of a cart needs. Loads that come while others are under way share a
// statement, which sees every cart at one moment.

import type { JsonObject, Older } from '../../../domain/cart.ts'
import {
  type Cart,
  type CartId,
  emptyCart,
  type Item,
  type ItemId,
  noneOlder,
} from '../../../domain/cart.ts'
import { CartError } from '../../../domain/errors.ts'
import type { Departing, HoldId, ReservationKey } from '../../../domain/reservation.ts'
import type { Answer, AnswerKey, CartStore, Loaded } from '../../../ports/store.ts'
import { type Compact, toReservation } from '../compact-reservation.ts'
import { toOlder } from '../stored-rows.ts'
import { type Row, toColumns } from './columns.ts'
import { type Database, rolledBackWith, tookTooLong, unavailable } from './database.ts'
import { openGroups } from './groups.ts'

type Load = { readonly cartId: CartId; readonly keys: readonly AnswerKey[] }

const bounds = { callsMax: 256, groupsMax: 2 }

// Rows of four kinds in one form: numbers, then texts.
const cartRows = `
  select 'c' as kind, user_id, version as n1, revision as n2, created_at as n3, updated_at as n4,
    null as t1, null as t2, null as t3, null as t4, null as t5, null as t6, null as t7
  from carts where user_id = any($1::text[])
  union all
  select 'i', user_id, quantity, added_at, updated_at, unit_price,
    item_id, product_id, attributes, name, reservations, older, currency
  from cart_items where user_id = any($1::text[])
  union all
  select 'd', user_id, quantity, since, null, null, key, item_id, state, hold_id, null, null,
    null
  from departing where user_id = any($1::text[])`

const withoutAnswers = { name: 'load_carts', text: cartRows }

const withAnswers = {
  name: 'load_carts_and_answers',
  text: `${cartRows}
  union all
  select 'a', a.cart_id, a.status, a.at, null, null,
    a.caller, a.key, a.fingerprint, a.headers, a.body, null, null
  from unnest($2::text[], $3::text[], $4::text[]) as r(cart_id, key, caller)
  join answers a on a.cart_id = r.cart_id and a.key = r.key and a.caller = r.caller`,
}

const older = {
  name: 'load_older',
  text: 'select reservation from older_reservations where user_id = $1 and item_id = $2',
}

export const openLoads = (database: Database): Pick<CartStore, 'load' | 'loadOlder'> => {
  const load = openGroups<Load, Loaded | CartError>(bounds, (loads) => readEach(database, loads))
  return {
    load: async (cartId, keys) => {
      const result = await load({ cartId, keys })
      if (result instanceof CartError) throw result
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
  try {
    const rows = await queryFor(database, loads)
    return loads.map(({ cartId, keys }) => toLoaded(cartId, keys, rows.get(cartId)))
  } catch (error) {
    const code = rolledBackWith(error)
    if (loads.length === 1 || code === null || code === tookTooLong) {
      return loads.map(() => unavailable(error))
    }
  }
  // One of them asks for what the server does not know, as NUL: only that one fails.
  const results: (Loaded | CartError)[] = []
  for (const each of loads) results.push(...(await readEach(database, [each])))
  return results
}

/** The rows of each cart. */
const queryFor = async (
  database: Database,
  loads: readonly Load[],
): Promise<ReadonlyMap<string, readonly Row[]>> => {
  const carts = toColumns(
    [...new Set(loads.map(({ cartId }) => cartId))].map((id) => [id]),
    1,
  )
  const keys = loads.flatMap(({ cartId, keys }) =>
    keys.map(({ key, caller }): Row => [cartId, key, caller]),
  )
  const rows =
    keys.length === 0
      ? await database.query(withoutAnswers, carts)
      : await database.query(withAnswers, [...carts, ...toColumns(keys, 3)])
  const byCart = new Map<string, Row[]>()
  for (const row of rows) {
    const known = byCart.get(row[1] as string)
    if (known === undefined) byCart.set(row[1] as string, [row])
    else known.push(row)
  }
  return byCart
}

const toLoaded = (
  cartId: CartId,
  keys: readonly AnswerKey[],
  rows: readonly Row[] | undefined,
): Loaded => {
  let cart = emptyCart(cartId)
  if (rows === undefined) return { cart, answers: [] }
  const items: Item[] = []
  const departing: Departing[] = []
  const answers: Answer[] = []
  for (const row of rows) {
    if (row[0] === 'c') cart = toCart(cart, row)
    else if (row[0] === 'i') items.push(toItem(row))
    else if (row[0] === 'd') departing.push(toDeparting(row))
    else if (keys.some(({ key, caller }) => key === row[7] && caller === row[6])) {
      answers.push(toAnswer(row))
    }
  }
  items.sort((a, b) => a.addedAt - b.addedAt || (a.id < b.id ? -1 : 1))
  departing.sort((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1))
  return { cart: { ...cart, items, departing }, answers }
}

const toCart = (empty: Cart, [, , version, revision, createdAt, updatedAt]: Row): Cart => ({
  ...empty,
  version: version as number,
  revision: revision as number,
  createdAt: createdAt as number,
  updatedAt: updatedAt as number,
})

const toItem = (row: Row): Item => {
  const [, , quantity, addedAt, updatedAt, amount, ...texts] = row
  const [id, productId, attributes, name, reservations, older, currency] = texts
  return {
    id: id as ItemId,
    productId: productId as string,
    name: name as string | null,
    attributes: attributes === '{}' ? {} : (JSON.parse(attributes as string) as JsonObject),
    attributesKey: attributes as string,
    quantity: quantity as number,
    unitPrice: amount === null ? null : { amount: amount as number, currency: currency as string },
    reservations: (JSON.parse(reservations as string) as Compact[]).map(toReservation),
    older: older === null ? noneOlder : (JSON.parse(older as string) as Older),
    addedAt: addedAt as number,
    updatedAt: updatedAt as number,
  }
}

const toDeparting = (row: Row): Departing => {
  const [, , quantity, since, , , key, itemId, state, holdId] = row
  return {
    key: key as ReservationKey,
    itemId: itemId as ItemId,
    quantity: quantity as number,
    state: state as Departing['state'],
    holdId: holdId as HoldId | null,
    since: since as number,
  }
}

const toAnswer = (row: Row): Answer => {
  const [, , status, at, , , caller, key, fingerprint, headers, body] = row
  return {
    caller: caller as string,
    key: key as string,
    fingerprint: fingerprint as string,
    status: status as number,
    headers: JSON.parse(headers as string) as Answer['headers'],
    body: body as string,
    at: at as number,
  }
}
