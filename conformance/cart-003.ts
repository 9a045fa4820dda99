// The carts of reference 003. Its document names paths, but no member of a body, no header and no
// status: several spellings are understood, and what was seen is named by the checks.
import { type Answer, path, type Target } from './check.ts'
import { expectSuccess, fail, isObject, isRefusal, type Members, show } from './expect.ts'

export type Line = { readonly id: string; readonly product: string; readonly quantity: number }

export const cartOf = (user: string) => path`/v1/cart/${user}`
export const itemsOf = (user: string) => `${cartOf(user)}/items`
export const itemOf = (user: string, item: string) => path`/v1/cart/${user}/items/${item}`

const idNames = ['item_id', 'itemId', 'itemID', 'id', 'product_id', 'productId', 'productID']
const productNames = ['product_id', 'productId', 'productID', 'sku', 'id']

const firstText = (line: Members, names: readonly string[]): string | undefined =>
  names.map((name) => line[name]).find((value) => typeof value === 'string')

/** The items of a cart that was read; a cart that is 404 has none. */
export const readItems = (answer: Answer): readonly Line[] => {
  if (answer.status === 404) return []
  const { json } = answer
  const wrapped = isObject(json) ? [json.cart, json.data].find(isObject) : undefined
  const items = isObject(json) ? (wrapped ?? json).items : undefined
  if (answer.status !== 200 || !Array.isArray(items)) {
    return fail(answer, '200 with a cart that has items, or 404')
  }
  return items.map((line: unknown) => {
    const id = isObject(line) ? firstText(line, idNames) : undefined
    const product = isObject(line) ? firstText(line, productNames) : undefined
    const quantity = isObject(line) ? line.quantity : undefined
    if (id === undefined || product === undefined || typeof quantity !== 'number') {
      return fail(answer, 'items that have an item_id, a product_id and a quantity')
    }
    return { id, product, quantity }
  })
}

export const readCart = (on: Target, user: string): Promise<Answer> => on.send('GET', cartOf(user))

type Headers = Readonly<Record<string, string>>

/** Adds as {product_id, quantity}, or as {productId, quantity} where that is refused. */
export const tryAdd = async (
  on: Target,
  user: string,
  [product, quantity]: readonly [string, number],
  headers: Headers = {},
): Promise<Answer> => {
  const body = { product_id: product, quantity }
  const snake = await on.send('POST', itemsOf(user), { body, headers })
  if (!isRefusal(snake)) return snake
  const camelBody = { productId: product, quantity }
  const camel = await on.send('POST', itemsOf(user), { body: camelBody, headers })
  return isRefusal(camel) ? snake : camel
}

export const add = async (
  on: Target,
  user: string,
  item: readonly [string, number],
  headers: Headers = {},
): Promise<Answer> => {
  const answer = await tryAdd(on, user, item, headers)
  expectSuccess(answer)
  return answer
}

/** The cart has exactly these quantities by product; answers its lines by product. */
export const expectCart = async (
  on: Target,
  user: string,
  wanted: Readonly<Record<string, number>>,
): Promise<ReadonlyMap<string, Line>> => {
  const answer = await readCart(on, user)
  const lines = readItems(answer)
  const isSo =
    lines.length === Object.keys(wanted).length &&
    lines.every(({ product, quantity }) => wanted[product] === quantity)
  if (!isSo) fail(answer, `the quantities ${show(wanted)}`)
  return new Map(lines.map((line) => [line.product, line]))
}

/** Adds and answers the id under which the cart shows the item. */
export const addForId = async (
  on: Target,
  user: string,
  item: readonly [string, number],
): Promise<string> => {
  await add(on, user, item)
  const answer = await readCart(on, user)
  const line = readItems(answer).find(({ product }) => product === item[0])
  return line?.id ?? fail(answer, `an item of ${item[0]}`)
}
