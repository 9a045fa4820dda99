// What the routes of the reference APIs answer, in their own words.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Cart } from '../../../../domain/cart/cart.ts'
import { toETag } from '../../answers/cart-text.ts'
import { quantitiesIn } from '../../answers/quantities.ts'
import { jsonType } from '../../answers/send-changed.ts'
import { explain } from '../../problems/answer-error.ts'
import { type Problem, retryAfterOf } from '../../problems/problems.ts'
import type { ChangeRequest } from '../answer-change.ts'
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

export const show = (reply: FastifyReply, cart: Cart, body: unknown): FastifyReply =>
  reply.headers({ 'content-type': jsonType, etag: toETag(cart) }).send(JSON.stringify(body))

/** @throws NotThereError when there are no items. */
export const toItemList = (cart: Cart) => {
  if (cart.items.length === 0) throw new NotThereError(noItems)
  return [...quantitiesIn(cart)].map(([product_id, quantity]) => ({ product_id, quantity }))
}

/** Deleting a cart that is not there is refused. */
export const deletion = (userId: string, form: 'deleted-000' | 'deleted-001'): ChangeRequest => ({
  userId,
  intent: { type: 'clear-cart', whenEmpty: 'refuse' },
  resource: ['reference', 'cart'],
  status: 200,
  form,
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
    ? sendDetail(reply, problem.status, toSentence(problem, request))
    : sendDetail(reply, 422, [fault])
}

const toSentence = ({ code, detail }: Problem, { routeOptions }: FastifyRequest): string => {
  if (code !== 'cart-empty') return catalogWords[code] ?? detail
  return routeOptions.url?.startsWith('/cart/users/') ? noItems : noCart
}

const sendDetail = (reply: FastifyReply, status: number, detail: unknown): FastifyReply =>
  reply
    .code(status)
    .headers({ 'content-type': jsonType, 'cache-control': 'no-store' })
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
  const source = request.body === undefined ? 'query' : 'body'
  return toFault(type, code === 'quantity-limit' ? [source, 'quantity'] : [source], detail)
}

const toFault = (type: string, loc: readonly string[], msg: string): Fault => ({
  type,
  loc,
  msg,
  input: null,
})
