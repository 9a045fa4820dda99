// The OpenAPI document, made from the schemas of the routes.
import { STATUS_CODES } from 'node:http'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { limits } from '../../domain/limits.ts'
import {
  AddItemBody,
  CartView,
  ItemView,
  JobsView,
  JournalView,
  MinimalView,
  OperationsBody,
  ProblemView,
  ReadyView,
  ReservationView,
  SetQuantityBody,
} from './schemas.ts'

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
  ...Object.fromEntries(
    Object.entries(successes).map(([status, schema]) => [status, toAnswer(status, schema)]),
  ),
  '4xx': { description: 'Refused; nothing changed.', ...problem },
  '5xx': { description: 'Not carried out, or not known to be.', ...problem },
})

const toAnswer = (status: string, schema: TSchema): unknown => {
  if (Type.IsNull(schema)) return schema
  const type = Type.IsString(schema) ? 'text/plain' : 'application/json'
  return { description: STATUS_CODES[status], content: { [type]: { schema } } }
}

const named: Readonly<Record<string, TSchema>> = {
  AddItem: AddItemBody,
  Cart: CartView,
  Item: ItemView,
  Jobs: JobsView,
  Journal: JournalView,
  Minimal: MinimalView,
  Operations: OperationsBody,
  Problem: ProblemView,
  Readiness: ReadyView,
  Reservation: ReservationView,
  SetQuantity: SetQuantityBody,
}

const namesByText = new Map(
  Object.entries(named).map(([name, schema]) => [JSON.stringify(schema), name]),
)

/** Says each named schema once: in full at every answer, the document had half a megabyte. */
const nameSchemas = (node: unknown): unknown => {
  if (typeof node !== 'object' || node === null) return node
  const name = namesByText.get(JSON.stringify(node))
  return name === undefined ? nameMembers(node) : { $ref: `#/components/schemas/${name}` }
}

const nameMembers = (node: object): unknown =>
  Array.isArray(node)
    ? node.map(nameSchemas)
    : Object.fromEntries(Object.entries(node).map(([key, member]) => [key, nameSchemas(member)]))

const withNames = (document: object): object => ({
  ...(nameSchemas(document) as object),
  components: {
    schemas: Object.fromEntries(
      Object.entries(named).map(([name, schema]) => [name, nameMembers(schema)]),
    ),
  },
})

export const documentApi = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    convertConstToEnum: false,
    transformObject: (made) => ('openapiObject' in made ? withNames(made.openapiObject) : made),
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
