// Changes of one item: its quantity, its end, and asking again for what could not be reserved.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ItemId } from '../../../domain/cart.ts'
import { cartAnswer } from '../cart-answers.ts'
import { answers, describe, writeHeaders } from '../openapi.ts'
import type { HttpParts } from '../parts.ts'
import { CartView, ItemParams, MinimalView, SetQuantityBody } from '../schemas.ts'
import { write } from '../write.ts'

const changed = Type.Union([CartView, MinimalView])

export const itemChangeRoutes =
  (parts: HttpParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.patch(
      '/v1/cart/:userID/items/:itemID',
      {
        schema: {
          ...describe('items', 'Set the quantity of an item', '0 removes it.'),
          params: ItemParams,
          headers: writeHeaders,
          body: SetQuantityBody,
          response: answers({ 200: changed }),
        },
      },
      (request, reply) => {
        const { userID, itemID } = request.params
        const { quantity } = request.body
        return write(parts, request, reply, {
          userId: userID,
          intent: { type: 'set-quantity', itemId: itemID as ItemId, quantity },
          resource: ['items', itemID],
          respond: cartAnswer(request, 200, itemID),
        })
      },
    )

    app.delete(
      '/v1/cart/:userID/items/:itemID',
      {
        schema: {
          ...describe('items', 'Remove an item', 'What is held for it is given back.'),
          params: ItemParams,
          headers: writeHeaders,
          response: answers({ 200: changed }),
        },
      },
      (request, reply) => {
        const { userID, itemID } = request.params
        return write(parts, request, reply, {
          userId: userID,
          intent: { type: 'remove-item', itemId: itemID as ItemId },
          resource: ['items', itemID],
          respond: cartAnswer(request, 200, itemID),
        })
      },
    )

    app.post(
      '/v1/cart/:userID/items/:itemID/reserve',
      {
        schema: {
          ...describe(
            'items',
            'Ask again for what is not reserved',
            'One new reservation for the units that are neither reserved nor under way.',
          ),
          params: ItemParams,
          headers: writeHeaders,
          response: answers({ 202: changed }),
        },
      },
      (request, reply) => {
        const { userID, itemID } = request.params
        return write(parts, request, reply, {
          userId: userID,
          intent: { type: 'reserve-item', itemId: itemID as ItemId },
          resource: ['items', itemID, 'reserve'],
          respond: cartAnswer(request, 202, itemID),
        })
      },
    )
  }
