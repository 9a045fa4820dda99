// Answers a request that changes a cart: from headers and a command to the answer on the wire.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { askCatalog } from '../../application/ask-catalog.ts'
import type { Effect, Response } from '../../application/decide-together.ts'
import type { CartId } from '../../domain/cart.ts'
import type { Command } from '../../domain/commands.ts'
import { fingerprintOf, readIdempotencyKey, readIfMatch } from './headers.ts'
import type { HttpParts } from './parts.ts'

// Without authentication there is one caller.
const caller = 'anonymous'

type Intent<C> = C extends unknown ? Omit<C, 'at' | 'actor' | 'id' | 'reserving'> : never

export type Write = {
  readonly userId: string
  readonly intent: Intent<Command>
  /** What the request is about, beside the cart: part of what makes it the same request. */
  readonly resource: readonly string[]
  readonly respond: (effect: Effect) => Response
}

export const write = async (
  { commands, catalog, clock, service }: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { userId, intent, resource, respond }: Write,
): Promise<FastifyReply> => {
  const key = readIdempotencyKey(request.headers['idempotency-key'])
  const expected = readIfMatch(request.headers['if-match'])
  const fingerprint = key === null ? '' : fingerprintOf(request.method, resource, request)
  const by = { at: clock.now(), actor: caller, id: clock.newId(), reserving: service !== null }
  // Without a catalogue there is nobody to wait for.
  const asked = catalog.name === 'open' ? intent : await askCatalog(catalog, userId, intent)
  const { response, replayed } = await commands.handle(userId as CartId, {
    command: { ...asked, ...by } as Command,
    expected,
    repeatable: key === null ? null : { caller, key, fingerprint },
    respond,
  })
  if (replayed) reply.header('idempotent-replayed', 'true')
  reply.code(response.status).headers(response.headers)
  return reply.send(response.body === '' ? undefined : response.body)
}
