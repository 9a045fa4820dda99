// The OpenAPI document, made from the schemas of the routes.
import { STATUS_CODES } from 'node:http'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { limits } from '../../../domain/limits.ts'
import {
  CartView,
  ItemView,
  JobsView,
  JournalView,
  MinimalView,
  ProblemView,
  ReadyView,
  ReservationView,
} from '../answers/views.ts'
import { AddItemBody } from '../input/addition.ts'
import { OperationsBody, SetQuantityBody } from '../input/schemas.ts'
import { Detail, referenceSchemas } from '../routes/reference/reference-schemas.ts'

export const describe = (tag: string, summary: string, description: string) => ({
  tags: [tag],
  summary,
  description,
})

export const describeReference = (tag: string, summary: string, description: string) => ({
  ...describe(tag, summary, description),
  deprecated: true,
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

/** For writes whose answer is always the same size. */
export const repeatable = Type.Object({
  'idempotency-key': writeHeaders.properties['idempotency-key'],
  'if-match': writeHeaders.properties['if-match'],
})

export const reading = Type.Object({
  'if-none-match': Header('304 when the cart is still the same.', etags),
})

const problem = { 'application/problem+json': { schema: ProblemView } }
const detail = { 'application/json': { schema: Detail } }

/**
 * Answers of a route for the document; refusals and failures look the same everywhere. Untyped on
 * purpose: answers are words already when they are sent, made once and kept for repeats.
 */
export const answers = (
  successes: Readonly<Record<number, TSchema>>,
  content: object = problem,
): Record<string, unknown> => ({
  ...Object.fromEntries(
    Object.entries(successes).map(([status, schema]) => [status, toAnswer(status, schema)]),
  ),
  '4xx': { description: 'Refused; nothing changed.', content },
  '5xx': { description: 'Not carried out, or not known to be.', content },
})

/** Answers of a reference API, whose refusals are worded as they were. */
export const referenceAnswers = (successes: Readonly<Record<number, TSchema>>) =>
  answers(successes, detail)

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
  ...referenceSchemas,
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

type Described = { required?: boolean; content: Record<string, { schema: { required?: unknown } }> }
type Paths = Record<string, Record<string, { requestBody?: Described }>>

/** A body that need not have any member may be left out. */
const markOptionalBodies = (paths: object): void => {
  for (const { requestBody } of Object.values(paths as Paths).flatMap((p) => Object.values(p))) {
    if (requestBody === undefined) continue
    requestBody.required = Object.values(requestBody.content).some((c) => c.schema.required)
  }
}

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
    transformObject: (made) => {
      if (!('openapiObject' in made)) return made
      markOptionalBodies(made.openapiObject.paths ?? {})
      return withNames(made.openapiObject)
    },
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
        { name: 'reference 000', description: 'As the service in memory; use /v1 for new clients' },
        {
          name: 'reference 001',
          description: 'As the service with users; use /v1 for new clients',
        },
        { name: 'reference 002', description: 'As the service with a catalog; use /v1' },
        { name: 'reference 004', description: 'As the service with reservations; use /v1' },
      ],
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
