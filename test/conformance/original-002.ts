// Reference 002 in the two ways that its document shows: as its code has it, and as its test has it.
import { type Handler, memberOf, missing, notFound, toInteger, unprocessable } from './serve.ts'

export type Ways = {
  /** `code`: items come by query, a cart is a list. `test`: items come as JSON, a cart is a map. */
  readonly as: 'code' | 'test'
  /** Null: everyone. */
  readonly users: readonly string[] | null
  readonly products: readonly string[] | null
}

const isIn = (known: readonly string[] | null, value: string): boolean =>
  known === null || known.includes(value)

export const original002 = ({ as, users, products }: Ways): Handler => {
  const carts = new Map<string, Map<string, number>>()
  const add = (user: string, product: string, quantity: number) => {
    if (!isIn(users, user)) return missing('User not found')
    if (!isIn(products, product)) return missing('Product not found')
    const cart = carts.get(user) ?? new Map<string, number>()
    carts.set(user, cart)
    cart.set(product, (cart.get(product) ?? 0) + quantity)
    return { status: 200, body: { msg: 'Item added to cart' } }
  }
  return ({ method, parts: [root, user], query, body }) => {
    if (root !== 'cart' || user === undefined) return notFound
    if (method === 'POST') {
      const isCode = as === 'code'
      const product = isCode ? query.get('product_id') : memberOf(body, 'product_id')
      const quantity = isCode ? toInteger(query.get('quantity')) : memberOf(body, 'quantity')
      if (typeof product !== 'string' || typeof quantity !== 'number') return unprocessable
      return add(user, product, quantity)
    }
    const cart = carts.get(user)
    if (cart === undefined) return missing('No cart items found for this user')
    if (method === 'GET') {
      const lines = [...cart].map(([product_id, quantity]) => ({ product_id, quantity }))
      return { status: 200, body: as === 'code' ? lines : Object.fromEntries(cart) }
    }
    carts.delete(user)
    return { status: 200, body: { msg: 'All cart items deleted' } }
  }
}
