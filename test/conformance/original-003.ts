// Reference 003 as its document has it: the endpoints of its table, and the features of its list
// that can be seen from outside, each on or off.
import { type Answered, type Asked, type Handler, memberOf } from './serve.ts'

export type Features = {
  /** The one token that is let in, which is that of the one user; null: no authentication. */
  readonly auth: { readonly token: string; readonly user: string } | null
  /** Requests within a second; null: no limit. */
  readonly limit: number | null
  readonly locking: 'ETag' | 'none'
}

type Item = { readonly item_id: string; readonly product_id: string; quantity: number }
type Cart = { version: number; items: readonly Item[] }

const problem = (status: number, headers = {}): Answered => ({
  status,
  headers,
  body: { error: status },
})

export const original003 = ({ auth, limit, locking }: Features): Handler => {
  const carts = new Map<string, Cart>()
  const answers = new Map<string, Answered>()
  const isAllowed = limitRate(limit)
  const open = (user: string): Cart => {
    const cart = carts.get(user) ?? { version: 0, items: [] }
    carts.set(user, cart)
    return cart
  }
  return (asked) => {
    const { parts, headers } = asked
    if (parts[0] === 'health' || parts[0] === 'ready') return { status: 200, body: { ok: true } }
    const [version, root, user] = parts
    if (version !== 'v1' || root !== 'cart' || user === undefined) return problem(404)
    if (!isAllowed()) return problem(429, { 'retry-after': '1' })
    if (auth !== null && headers.authorization !== `Bearer ${auth.token}`) return problem(401)
    if (auth !== null && user !== auth.user) return problem(403)
    const key = headers['idempotency-key']
    const stored = key === undefined ? undefined : answers.get(`${user} ${key}`)
    if (stored !== undefined) return stored
    const cart = open(user)
    const expected = locking === 'ETag' ? headers['if-match'] : undefined
    if (expected !== undefined && expected !== `"${cart.version}"`) return problem(412)
    const status = change(cart, asked)
    const etag = locking === 'ETag' ? { etag: `"${cart.version}"` } : undefined
    const body = { user_id: user, items: cart.items.map((item) => ({ ...item })) }
    const shown = status < 400 ? { status, body, ...(etag && { headers: etag }) } : problem(status)
    if (key !== undefined && status < 400) answers.set(`${user} ${key}`, shown)
    return shown
  }
}

const limitRate = (limit: number | null) => {
  let windowAt = 0
  let count = 0
  return () => {
    if (Date.now() - windowAt >= 1_000) {
      windowAt = Date.now()
      count = 0
    }
    count += 1
    return limit === null || count <= limit
  }
}

const isQuantity = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0

/** Changes the cart; answers the status. */
const change = (cart: Cart, { method, parts, body }: Asked): number => {
  const [, , , , itemId] = parts
  const product = memberOf(body, 'product_id')
  const quantity = memberOf(body, 'quantity')
  const item = cart.items.find((each) => each.item_id === itemId)
  if (method === 'GET') return 200
  if (method === 'POST' && (typeof product !== 'string' || !isQuantity(quantity))) return 400
  if (method === 'PATCH' && !isQuantity(quantity)) return 400
  if (itemId !== undefined && item === undefined) return 404
  cart.version += 1
  if (method === 'POST') return add(cart, String(product), Number(quantity))
  if (method === 'PATCH' && item !== undefined) item.quantity = Number(quantity)
  if (method === 'DELETE') cart.items = cart.items.filter((each) => item && each !== item)
  return 200
}

const add = (cart: Cart, product: string, quantity: number): number => {
  const item = cart.items.find((each) => each.product_id === product)
  if (item !== undefined) item.quantity += quantity
  else cart.items = [...cart.items, { item_id: `item-${product}`, product_id: product, quantity }]
  return 201
}
