// Sends the answer to a change: its text as it was made, and the headers that follow from its effect.
import type { FastifyReply } from 'fastify'
import type { Changed } from '../../../application/carts/command-request.ts'
import { toETag } from './cart-text.ts'

export const jsonType = 'application/json; charset=utf-8'

export const sendChanged = (
  reply: FastifyReply,
  userId: string,
  status: number,
  changed: Changed,
): FastifyReply => {
  const { itemId, form, text } = changed
  reply.code(status).header('etag', toETag(changed))
  if (changed.isRepeat) reply.header('idempotent-replayed', 'true')
  if (status === 201 && itemId !== null && isOwnForm(form)) {
    const [user, item] = [encodeURIComponent(userId), encodeURIComponent(itemId)]
    reply.header('location', `/v1/cart/${user}/items/${item}`)
  }
  if (form === 'minimal') reply.header('preference-applied', 'return=minimal')
  return text === null ? reply.send() : reply.header('content-type', jsonType).send(text)
}

// Reference 004 answers 201 without a location.
const isOwnForm = (form: string | null): boolean => form === 'cart' || form === 'minimal'
