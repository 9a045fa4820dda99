// Reference 000: carts as maps of products to quantities. Its reads and deletions are those of 002 too.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { CartId } from '../../../../domain/ids.ts'
import { quantitiesIn } from '../../answers/quantities.ts'
import { toAddition } from '../../input/addition.ts'
import type { HttpParts } from '../../server/http-parts.ts'
import { describeReference, referenceAnswers, repeatable } from '../../server/openapi.ts'
import { answerChange } from '../answer-change.ts'
import {
  inPath,
  inQuery,
  readChoice,
  readInput,
  readProductId,
  readQuantity,
  readUserId,
} from './read-input.ts'
import {
  FormatQuery,
  Message,
  MessageAndMsg,
  ProductParams,
  QuantitiesOrList,
  QuantityQuery,
  UserParams,
} from './reference-schemas.ts'
import { deletion, NotThereError, noCart, show, toItemList } from './wording.ts'

const tag = 'reference 000'

export const inMemoryRoutes = (app: FastifyInstance, parts: HttpParts): void => {
  const addSchema = {
    ...describeReference(
      tag,
      'Add a product (000)',
      'Answered at once; the units are reserved behind it.',
    ),
    params: ProductParams,
    querystring: QuantityQuery,
    headers: repeatable,
    response: referenceAnswers({ 200: Message }),
  }
  app.post('/cart/:user_id/:product_id', { schema: addSchema }, (request, reply) => {
    const input = readInput((faults) => ({
      userId: readUserId(faults, inPath(request, 'user_id')),
      productId: readProductId(faults, inPath(request, 'product_id')),
      quantity: readQuantity(faults, inQuery(request, 'quantity')),
    }))
    return addByQuery(parts, request, reply, input)
  })

  const readSchema = {
    ...describeReference(
      tag,
      'Read a cart (000, 002)',
      'A map of products to units, or the list of 002.',
    ),
    params: UserParams,
    querystring: FormatQuery,
    response: referenceAnswers({ 200: QuantitiesOrList }),
  }
  app.get('/cart/:user_id', { schema: readSchema }, async (request, reply) => {
    const { userId, format } = readInput((faults) => ({
      userId: readUserId(faults, inPath(request, 'user_id')),
      format: readChoice(faults, inQuery(request, 'format'), ['map', 'list']),
    }))
    const cart = await parts.useCases.readCart(userId as CartId)
    if (format === 'list') return show(reply, cart, toItemList(cart))
    if (cart.items.length === 0) throw new NotThereError(noCart)
    return show(reply, cart, Object.fromEntries(quantitiesIn(cart)))
  })

  const deleteSchema = {
    ...describeReference(tag, 'Delete a cart (000, 002)', 'Releases what is held.'),
    params: UserParams,
    headers: repeatable,
    response: referenceAnswers({ 200: MessageAndMsg }),
  }
  app.delete('/cart/:user_id', { schema: deleteSchema }, (request, reply) => {
    const userId = readInput((faults) => readUserId(faults, inPath(request, 'user_id')))
    return answerChange(parts, request, reply, deletion(userId, 'deleted-000'))
  })
}

type ByQuery = { readonly userId: string; readonly productId: string; readonly quantity: number }

export const addByQuery = (
  parts: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { userId, productId, quantity }: ByQuery,
): Promise<FastifyReply> =>
  answerChange(parts, request, reply, {
    userId,
    intent: toAddition({ product_id: productId, quantity }),
    resource: ['reference', '000', productId, String(quantity)],
    status: 200,
    form: 'added-000',
  })
