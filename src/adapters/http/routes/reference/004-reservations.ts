// Reference 004: one list of items, each addition with its reservation.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { AdditionCursor } from '../../../../application/carts/list-additions.ts'
import type { CartId } from '../../../../domain/ids.ts'
import { limits } from '../../../../domain/limits.ts'
import { toAdditionView } from '../../answers/addition-text.ts'
import { jsonType } from '../../answers/send-changed.ts'
import { toAddition } from '../../input/addition.ts'
import type { HttpParts } from '../../server/http-parts.ts'
import { describeReference, referenceAnswers, repeatable } from '../../server/openapi.ts'
import { answerChange } from '../answer-change.ts'
import {
  type Fault,
  inBody,
  inQuery,
  readBody,
  readCursor,
  readInput,
  readInteger,
  readProductId,
  readQuantity,
  readUserId,
} from './read-input.ts'
import { Addition, CallerHeader, NameAndQuantity, PageQuery } from './reference-schemas.ts'
import { callerFallback, callerHeader, linkNext } from './successor.ts'

const tag = 'reference 004'
// The first is of its implementation, the second of the exercise it solves.
const urls = ['/api/v1/items', '/items']

export const reservationRoutes = (app: FastifyInstance, parts: HttpParts): void => {
  const addSchema = {
    ...describeReference(tag, 'Add an item (004)', 'The name is the product id.'),
    headers: Type.Object({ ...repeatable.properties, ...CallerHeader }),
    body: NameAndQuantity,
    response: referenceAnswers({ 201: Addition }),
  }
  const listSchema = {
    ...describeReference(
      tag,
      'List what was added (004)',
      'Newest first, a row for each reservation. The Link header leads to the next page.',
    ),
    headers: Type.Object(CallerHeader),
    querystring: PageQuery,
    response: referenceAnswers({ 200: Type.Array(Addition) }),
  }
  for (const url of urls) {
    app.post(url, { schema: addSchema }, (request, reply) => {
      const { userId, productId, quantity } = readAddition(request)
      return answerChange(parts, request, reply, {
        userId,
        intent: toAddition({ product_id: productId, quantity }),
        resource: ['reference', '004'],
        status: 201,
        form: 'added-004',
      })
    })
    app.get(url, { schema: listSchema }, (request, reply) => list(parts, url, request, reply))
  }
}

const readAddition = (request: FastifyRequest) => {
  const body = readBody(request)
  return readInput((faults) => ({
    userId: readCaller(faults, request),
    productId: readProductId(faults, inBody(body, 'name')),
    quantity: readQuantity(faults, inBody(body, 'quantity')),
  }))
}

const readCaller = (faults: Fault[], { headers }: FastifyRequest): string =>
  readUserId(faults, {
    source: 'header',
    name: callerHeader,
    value: headers[callerHeader] ?? callerFallback,
  })

const list = async (
  parts: HttpParts,
  url: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const { userId, after, limit } = readInput((faults) => ({
    userId: readCaller(faults, request),
    after: readAfter(faults, request),
    limit: readLimit(faults, request),
  }))
  const { listAdditions } = parts.useCases
  const { additions, next } = await listAdditions(userId as CartId, after, limit)
  if (next !== null) {
    const query = new URLSearchParams({ limit: String(limit), after: `${next.at}.${next.id}` })
    linkNext(reply, `${url}?${query}`)
  }
  return reply.header('content-type', jsonType).send(JSON.stringify(additions.map(toAdditionView)))
}

const readLimit = (faults: Fault[], request: FastifyRequest): number => {
  const given = inQuery(request, 'limit')
  const max = limits.additionsPerPage
  return given.value === undefined ? max : readInteger(faults, given, 1, max)
}

const readAfter = (faults: Fault[], request: FastifyRequest): AdditionCursor | null => {
  const given = inQuery(request, 'after')
  if (given.value === undefined) return null
  const [at = '', ...id] = readCursor(faults, given).split('.')
  return { at: Number(at), id: id.join('.') }
}
