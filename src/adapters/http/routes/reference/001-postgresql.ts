// Reference 001: carts of users as rows of product and quantity.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CartId } from '../../../../domain/ids.ts'
import { toAddition } from '../../input/addition.ts'
import type { HttpParts } from '../../server/http-parts.ts'
import { describeReference, referenceAnswers, repeatable } from '../../server/openapi.ts'
import { answerChange } from '../answer-change.ts'
import { addByQuery } from './000-in-memory.ts'
import {
  inBody,
  inPath,
  inQuery,
  readBody,
  readInput,
  readProductId,
  readQuantity,
  readUserId,
} from './read-input.ts'
import { CartItem, ItemList, Msg, ProductAndQuantity, UserParams } from './reference-schemas.ts'
import { linkSuccessor } from './successor.ts'
import { deletion, show, toItemList } from './wording.ts'

const tag = 'reference 001'
const url = '/cart/users/:user_id'

export const postgresqlRoutes = (app: FastifyInstance, parts: HttpParts): void => {
  const addSchema = {
    ...describeReference(
      tag,
      'Add a product (001)',
      'Answers how many units of it the cart has now.',
    ),
    params: UserParams,
    headers: repeatable,
    body: ProductAndQuantity,
    response: referenceAnswers({ 200: CartItem }),
  }
  app.post(url, { schema: addSchema }, (request, reply) => {
    if (isOfUserNamedUsers(request)) {
      linkSuccessor(reply, 'users')
      return addByQuery(parts, request, reply, readByQuery(request))
    }
    const { userId, productId, quantity } = readByBody(request)
    return answerChange(parts, request, reply, {
      userId,
      intent: toAddition({ product_id: productId, quantity }),
      resource: ['reference', '001'],
      status: 200,
      form: 'added-001',
    })
  })

  const readSchema = {
    ...describeReference(tag, 'Read a cart (001)', 'A list of products and their units.'),
    params: UserParams,
    response: referenceAnswers({ 200: ItemList }),
  }
  app.get(url, { schema: readSchema }, async (request, reply) => {
    const userId = readInput((faults) => readUserId(faults, inPath(request, 'user_id')))
    const cart = await parts.useCases.readCart(userId as CartId)
    return show(reply, cart, toItemList(cart))
  })

  const deleteSchema = {
    ...describeReference(tag, 'Delete the items of a cart (001)', 'Releases what is held.'),
    params: UserParams,
    headers: repeatable,
    response: referenceAnswers({ 200: Msg }),
  }
  app.delete(url, { schema: deleteSchema }, (request, reply) => {
    const userId = readInput((faults) => readUserId(faults, inPath(request, 'user_id')))
    return answerChange(parts, request, reply, deletion(userId, 'deleted-001'))
  })
}

const readByBody = (request: FastifyRequest) => {
  const body = readBody(request)
  return readInput((faults) => ({
    userId: readUserId(faults, inPath(request, 'user_id')),
    productId: readProductId(faults, inBody(body, 'product_id')),
    quantity: readQuantity(faults, inBody(body, 'quantity')),
  }))
}

// Reference 000 adds to the cart of a user named "users" at this very path, by the query alone.
const isOfUserNamedUsers = (request: FastifyRequest): boolean =>
  request.body === undefined && inQuery(request, 'quantity').value !== undefined

const readByQuery = (request: FastifyRequest) =>
  readInput((faults) => ({
    userId: 'users',
    productId: readProductId(faults, { ...inPath(request, 'user_id'), name: 'product_id' }),
    quantity: readQuantity(faults, inQuery(request, 'quantity')),
  }))
