// What the routes of the reference APIs answer, in their own words.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Effect, Response } from '../../../../application/decide-together.ts'
import type { Cart } from '../../../../domain/cart.ts'
import { toETag } from '../../cart-view.ts'
import { explain, type Problem, retryAfterOf } from '../../problems.ts'
import type { Write } from '../../write.ts'
import { type Fault, InputError } from './read-input.ts'

/** 404 in the words of the reference. */
export class NotThereError extends Error {}

export const noCart = 'Cart not found'
export const noItems = 'No cart items found for this user'

// Of reference 002.
const catalogWords: Readonly<Record<string, string>> = {
  'user-not-found': 'User not found',
  'product-not-found': 'Product not found',
}

const json = { 'content-type': 'application/json; charset=utf-8' }

/** The answer to a change, once it is known to have taken effect. */
export const say = (status: number, { cart }: Effect, body: unknown): Response => ({
  status,
  headers: { ...json, etag: toETag(cart) },
  body: JSON.stringify(body),
})

export const show = (reply: FastifyReply, cart: Cart, body: unknown): FastifyReply =>
  reply.headers({ ...json, etag: toETag(cart) }).send(JSON.stringify(body))

/** Products and their units; lines of a product with different attributes count together. */
export const quantitiesIn = (cart: Cart): ReadonlyMap<string, number> => {
  const quantities = new Map<string, number>()
  for (const { productId, quantity } of cart.items) {
    quantities.set(productId, (quantities.get(productId) ?? 0) + quantity)
  }
  return quantities
}

/** @throws NotThereError when there are no items. */
export const toItemList = (cart: Cart) => {
  if (cart.items.length === 0) throw new NotThereError(noItems)
  return [...quantitiesIn(cart)].map(([product_id, quantity]) => ({ product_id, quantity }))
}

/** Deleting a cart that is not there is refused, and decided where the deletion is. */
export const deletion = (userId: string, body: object, missing: string): Write => ({
  userId,
  intent: { type: 'clear-cart' },
  resource: ['reference', 'cart'],
  respond: (effect) => {
    if (effect.before.items.length === 0) throw new NotThereError(missing)
    return say(200, effect, body)
  },
})

/** The error handler of these routes: `detail` is a list of faults for a 422, else a sentence. */
export const answerDetail = (
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => {
  if (error instanceof InputError) return sendDetail(reply, 422, error.faults)
  if (error instanceof NotThereError) return sendDetail(reply, 404, error.message)
  const problem = explain(error, request)
  const retryAfterSeconds = retryAfterOf(problem.code)
  if (retryAfterSeconds !== null) reply.header('retry-after', String(retryAfterSeconds))
  const fault = findFault(problem, request)
  return fault === null
    ? sendDetail(reply, problem.status, catalogWords[problem.code] ?? problem.detail)
    : sendDetail(reply, 422, [fault])
}

const sendDetail = (reply: FastifyReply, status: number, detail: unknown): FastifyReply =>
  reply
    .code(status)
    .headers({ ...json, 'cache-control': 'no-store' })
    .send(JSON.stringify({ detail }))

/** What FastAPI would call a fault of the input, and the refusals of the domain that are one. */
const findFault = ({ code, status, detail, errors }: Problem, request: FastifyRequest) => {
  const [first] = errors ?? []
  if (code === 'invalid-request' && !first?.pointer.startsWith('/headers/')) {
    const inside = (first?.pointer ?? '').split('/').slice(1)
    return toFault('json_invalid', ['body', ...inside], detail)
  }
  if (status !== 422) return null
  const type = code.replaceAll('-', '_')
  if (code === 'idempotency-key-reused') return toFault(type, ['header', 'idempotency-key'], detail)
  const place = request.body === undefined ? 'query' : 'body'
  return toFault(type, code === 'quantity-limit' ? [place, 'quantity'] : [place], detail)
}

const toFault = (type: string, loc: readonly string[], msg: string): Fault => ({
  type,
  loc,
  msg,
  input: null,
})
