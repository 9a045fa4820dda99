// Reference 002: additions by query, as its code reads them, or by JSON, as its test sends them. Reading
// and deleting are routes of 000.
import type { FastifyInstance } from 'fastify'
import { toAddition } from '../../input/addition.ts'
import type { HttpParts } from '../../server/http-parts.ts'
import { describeReference, referenceAnswers, repeatable } from '../../server/openapi.ts'
import { answerChange } from '../answer-change.ts'
import {
  inPath,
  inQueryOrBody,
  readInput,
  readProductId,
  readQuantity,
  readUserId,
} from './read-input.ts'
import { Msg, OptionalProductAndQuantity, UserParams } from './reference-schemas.ts'

export const catalogRoutes = (app: FastifyInstance, parts: HttpParts): void => {
  const schema = {
    ...describeReference(
      'reference 002',
      'Add a product (002)',
      'product_id and quantity are read from the query, and from the body what is not there.',
    ),
    params: UserParams,
    querystring: OptionalProductAndQuantity,
    headers: repeatable,
    body: OptionalProductAndQuantity,
    response: referenceAnswers({ 200: Msg }),
  }
  app.post('/cart/:user_id', { schema }, (request, reply) => {
    const { userId, productId, quantity } = readInput((faults) => ({
      userId: readUserId(faults, inPath(request, 'user_id')),
      productId: readProductId(faults, inQueryOrBody(request, 'product_id')),
      quantity: readQuantity(faults, inQueryOrBody(request, 'quantity')),
    }))
    return answerChange(parts, request, reply, {
      userId,
      intent: toAddition({ product_id: productId, quantity }),
      resource: ['reference', '002', productId, String(quantity)],
      status: 200,
      form: 'added-002',
    })
  })
}
