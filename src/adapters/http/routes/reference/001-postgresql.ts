// Reference 001: carts of users as rows of product and quantity.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CartId } from '../../../../domain/cart.ts'
import { describeReference, referenceAnswers, repeatable } from '../../openapi.ts'
import type { HttpParts } from '../../parts.ts'
import { toAddition } from '../../to-addition.ts'
import { write } from '../../write.ts'
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
import { CartItem, ItemList, Msg, ProductAndQuantity, UserParams } from './schemas.ts'
import { linkSuccessor } from './successor.ts'
import { deletion, noItems, quantitiesIn, say, show, toItemList } from './wording.ts'

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
    return write(parts, request, reply, {
      userId,
      intent: { type: 'add-item', ...toAddition({ product_id: productId, quantity }) },
      resource: ['reference', '001'],
      respond: (effect) =>
        say(200, effect, {
          user_id: userId,
          product_id: productId,
          quantity: quantitiesIn(effect.cart).get(productId),
        }),
    })
  })

  const readSchema = {
    ...describeReference(tag, 'Read a cart (001)', 'A list of products and their units.'),
    params: UserParams,
    response: referenceAnswers({ 200: ItemList }),
  }
  app.get(url, { schema: readSchema }, async (request, reply) => {
    const userId = readInput((faults) => readUserId(faults, inPath(request, 'user_id')))
    const cart = await parts.commands.read(userId as CartId)
    return show(reply, cart, toItemList(cart))
  })

  const deleteSchema = {
    ...describeReference(tag, 'Delete the items of a cart (001)', 'Gives back what is held.'),
    params: UserParams,
    headers: repeatable,
    response: referenceAnswers({ 200: Msg }),
  }
  app.delete(url, { schema: deleteSchema }, (request, reply) => {
    const userId = readInput((faults) => readUserId(faults, inPath(request, 'user_id')))
    return write(
      parts,
      request,
      reply,
      deletion(userId, { msg: 'All cart items deleted' }, noItems),
    )
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
