// Answers a request that changes a cart: from its headers and an intent to the answer on the wire.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Intent } from '../../../domain/cart/commands.ts'
import type { CartId } from '../../../domain/ids.ts'
import type { AnswerForm } from '../answers/encoders.ts'
import { sendChanged } from '../answers/send-changed.ts'
import { fingerprintOf, prefersMinimal, readIdempotencyKey, readIfMatch } from '../input/headers.ts'
import { RefusedError } from '../problems/refused-error.ts'
import type { HttpParts } from '../server/http-parts.ts'

// Without authentication there is one caller.
const caller = 'anonymous'

export type ChangeRequest = {
  readonly userId: string
  readonly intent: Intent
  /** What the request is about, beside the cart: part of what makes it the same request. */
  readonly resource: readonly string[]
  readonly status: number
  /** Null for an answer without a body. */
  readonly form: AnswerForm | null
}

/** @throws RefusedError, RequestError. */
export const answerChange = async (
  { useCases, clock }: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { userId, intent, resource, status, form }: ChangeRequest,
): Promise<FastifyReply> => {
  const { headers, method } = request
  const key = readIdempotencyKey(headers['idempotency-key'])
  const result = await useCases.changeCart({
    cartId: userId as CartId,
    intent,
    actor: caller,
    id: clock.newId(),
    expected: readIfMatch(headers['if-match']),
    key: key === null ? null : { key, fingerprint: fingerprintOf(method, resource, request) },
    form,
  })
  if (result.kind === 'refused') throw new RefusedError(result)
  return sendChanged(reply, userId, status, result)
}

/** The cart, or only the touched item when the caller prefers that. */
export const preferredForm = ({ headers }: FastifyRequest): AnswerForm =>
  prefersMinimal(headers.prefer) ? 'minimal' : 'cart'
