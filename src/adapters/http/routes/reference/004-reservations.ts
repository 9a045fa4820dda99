// Reference 004: one list of items, each addition with its reservation.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Effect } from '../../../../application/decide-together.ts'
import { type CartId, findItem } from '../../../../domain/cart.ts'
import { limits } from '../../../../domain/limits.ts'
import type { Reservation } from '../../../../domain/reservation.ts'
import { describeReference, referenceAnswers, repeatable } from '../../openapi.ts'
import type { HttpParts } from '../../parts.ts'
import { toAddition } from '../../to-addition.ts'
import { write } from '../../write.ts'
import { type Place, type Row, readAdditions, toRow, toUnaskedRow } from './additions.ts'
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
import { Addition, CallerHeader, NameAndQuantity, PageQuery } from './schemas.ts'
import { callerFallback, callerHeader, linkNext } from './successor.ts'
import { say } from './wording.ts'

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
      return write(parts, request, reply, {
        userId,
        intent: { type: 'add-item', ...toAddition({ product_id: productId, quantity }) },
        resource: ['reference', '004'],
        respond: (effect) => say(201, effect, toView({ ...addedRow(effect), quantity })),
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
    place: 'header',
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
  const { rows, next } = await readAdditions(parts, userId as CartId, { after, limit })
  if (next !== null) {
    const query = new URLSearchParams({ limit: String(limit), after: `${next.at}.${next.id}` })
    linkNext(reply, `${url}?${query}`)
  }
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(rows.map(toView)))
}

const readLimit = (faults: Fault[], request: FastifyRequest): number => {
  const given = inQuery(request, 'limit')
  const max = limits.additionsPerPage
  return given.value === undefined ? max : readInteger(faults, given, 1, max)
}

const readAfter = (faults: Fault[], request: FastifyRequest): Place | null => {
  const given = inQuery(request, 'after')
  if (given.value === undefined) return null
  const [at = '', ...id] = readCursor(faults, given).split('.')
  return { at: Number(at), id: id.join('.') }
}

/** What the addition made, or the waiting reservation that it joined. */
const addedRow = ({ cart, events }: Effect): Row => {
  const added = events.find((event) => event.type === 'item-added')
  const item = added && findItem(cart, added.itemId)
  if (item === undefined) throw new Error('an addition without an item')
  const reservation = item.reservations.find((r) => r.key === added?.requested?.key)
  return reservation === undefined ? toUnaskedRow(item) : toRow(item, reservation)
}

const words: Readonly<Record<Reservation['status'], string>> = {
  waiting: 'PENDING',
  pending: 'PENDING',
  reserved: 'RESERVED',
  unavailable: 'UNAVAILABLE',
  failed: 'FAILED',
}

const toTime = (at: number): string => new Date(at).toISOString()

const toView = ({ id, name, quantity, holdId, status, at, updatedAt }: Row) => ({
  id,
  name,
  quantity,
  ...(holdId !== null && { reservation_id: holdId }),
  status: words[status],
  created_at: toTime(at),
  updated_at: toTime(updatedAt),
})
