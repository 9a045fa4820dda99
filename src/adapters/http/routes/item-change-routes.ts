// Changes of one item: its quantity, its removal, and asking again for what could not be reserved.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ItemId } from '../../../domain/ids.ts'
import { CartView, MinimalView } from '../answers/views.ts'
import { ItemParams, SetQuantityBody } from '../input/schemas.ts'
import type { HttpParts } from '../server/http-parts.ts'
import { answers, describe, writeHeaders } from '../server/openapi.ts'
import { answerChange, preferredForm } from './answer-change.ts'

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
        return answerChange(parts, request, reply, {
          userId: userID,
          intent: { type: 'set-quantity', itemId: itemID as ItemId, quantity },
          resource: ['items', itemID],
          status: 200,
          form: preferredForm(request),
        })
      },
    )

    app.delete(
      '/v1/cart/:userID/items/:itemID',
      {
        schema: {
          ...describe('items', 'Remove an item', 'What is held for it is released.'),
          params: ItemParams,
          headers: writeHeaders,
          response: answers({ 200: changed }),
        },
      },
      (request, reply) => {
        const { userID, itemID } = request.params
        return answerChange(parts, request, reply, {
          userId: userID,
          intent: { type: 'remove-item', itemId: itemID as ItemId },
          resource: ['items', itemID],
          status: 200,
          form: preferredForm(request),
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
        return answerChange(parts, request, reply, {
          userId: userID,
          intent: { type: 'reserve-item', itemId: itemID as ItemId },
          resource: ['items', itemID, 'reserve'],
          status: 202,
          form: preferredForm(request),
        })
      },
    )
  }
