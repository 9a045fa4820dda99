// Reference 000 as its document has it, line by line.
import { type Handler, missing, notFound, toInteger, unprocessable } from './serve.ts'

export const original000 = (): Handler => {
  const carts = new Map<string, Record<string, number>>()
  const add = (user: string, product: string, quantity: number) => {
    const cart = carts.get(user) ?? {}
    carts.set(user, cart)
    cart[product] = (cart[product] ?? 0) + quantity
    return { status: 200, body: { message: 'Item added to cart successfully' } }
  }
  return ({ method, parts: [root, user, product], query }) => {
    if (root !== 'cart' || user === undefined) return notFound
    const cart = carts.get(user)
    if (method === 'POST' && product !== undefined) {
      const quantity = toInteger(query.get('quantity'))
      return quantity === null ? unprocessable : add(user, product, quantity)
    }
    if (cart === undefined) return missing('Cart not found')
    if (method === 'GET') return { status: 200, body: cart }
    carts.delete(user)
    return { status: 200, body: { message: 'Cart deleted successfully' } }
  }
}
