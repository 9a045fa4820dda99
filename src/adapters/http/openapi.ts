// The OpenAPI document, made from the schemas of the routes.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { limits } from '../../domain/limits.ts'
import { ProblemView } from './schemas.ts'

export const describe = (tag: string, summary: string, description: string) => ({
  tags: [tag],
  summary,
  description,
})

const Header = (description: string, maxLength: number) =>
  Type.Optional(Type.String({ description, maxLength }))

const etags = 1_024

/** Documented here, read strictly in headers.ts: other headers pass. */
export const writeHeaders = Type.Object({
  'idempotency-key': Header('Makes a repeat safe.', limits.idempotencyKeyChars + 2),
  'if-match': Header('Refuses with 412 when the version has moved on.', etags),
  prefer: Header('return=minimal answers with the touched item only.', etags),
})

export const reading = Type.Object({
  'if-none-match': Header('304 when the cart is still the same.', etags),
})

const problem = { content: { 'application/problem+json': { schema: ProblemView } } }

/**
 * Answers of a route for the document; refusals and failures look the same everywhere. Untyped on
 * purpose: answers are words already when they are sent, made once and kept for repeats.
 */
export const answers = (successes: Readonly<Record<number, TSchema>>): Record<string, unknown> => ({
  ...successes,
  '4xx': { description: 'Refused; nothing changed.', ...problem },
  '5xx': { description: 'Not carried out, or not known to be.', ...problem },
})

export const documentApi = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Cart service',
        description:
          'Carts whose additions are reserved in a slow external system, behind an immediate answer.',
        version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'cart', description: 'The cart as a whole' },
        { name: 'items', description: 'The items of a cart' },
        { name: 'admin', description: 'For operators' },
        { name: 'operations', description: 'Health, readiness, metrics' },
      ],
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
