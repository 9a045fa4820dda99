// Reference 001 as its document has it: rows by user and product.
import { type Handler, memberOf, missing, notFound, unprocessable } from './serve.ts'

type Row = { readonly user_id: string; readonly product_id: string; quantity: number }

export const original001 = (): Handler => {
  let rows: readonly Row[] = []
  const add = (user: string, body: unknown) => {
    const product = memberOf(body, 'product_id')
    const quantity = memberOf(body, 'quantity')
    if (typeof product !== 'string' || !Number.isInteger(quantity)) return unprocessable
    const row = rows.find((each) => each.user_id === user && each.product_id === product)
    const kept = row ?? { user_id: user, product_id: product, quantity: 0 }
    if (row === undefined) rows = [...rows, kept]
    kept.quantity += Number(quantity)
    return { status: 200, body: kept }
  }
  return ({ method, parts: [root, users, user], body }) => {
    if (root !== 'cart' || users !== 'users' || user === undefined) return notFound
    if (method === 'POST') return add(user, body)
    const own = rows.filter((row) => row.user_id === user)
    if (own.length === 0) return missing('No cart items found for this user')
    if (method === 'GET') {
      const lines = own.map(({ product_id, quantity }) => ({ product_id, quantity }))
      return { status: 200, body: lines }
    }
    rows = rows.filter((row) => row.user_id !== user)
    return { status: 200, body: { msg: 'All cart items deleted' } }
  }
}
