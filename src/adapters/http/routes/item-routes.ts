// The items of a cart: add one, read one.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { noNotes } from '../../../application/carts/read-catalog-notes.ts'
import { CartError } from '../../../domain/errors.ts'
import type { CartId, ItemId } from '../../../domain/ids.ts'
import { toETag, toItemText } from '../answers/cart-text.ts'
import { jsonType } from '../answers/send-changed.ts'
import { CartView, ItemView, MinimalView } from '../answers/views.ts'
import { AddItemBody, toAddition } from '../input/addition.ts'
import { matchesIfNoneMatch } from '../input/headers.ts'
import { CartParams, ItemParams } from '../input/schemas.ts'
import type { HttpParts } from '../server/http-parts.ts'
import { answers, describe, reading, writeHeaders } from '../server/openapi.ts'
import { answerChange, preferredForm } from './answer-change.ts'

const changed = Type.Union([CartView, MinimalView])

export const itemRoutes =
  (parts: HttpParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/v1/cart/:userID/items',
      {
        schema: {
          ...describe(
            'items',
            'Add an item',
            'Answered at once; the units are reserved behind it.',
          ),
          params: CartParams,
          headers: writeHeaders,
          body: AddItemBody,
          response: answers({ 201: changed }),
        },
      },
      (request, reply) =>
        answerChange(parts, request, reply, {
          userId: request.params.userID,
          intent: toAddition(request.body),
          resource: ['items'],
          status: 201,
          form: preferredForm(request),
        }),
    )

    app.get(
      '/v1/cart/:userID/items/:itemID',
      {
        schema: {
          ...describe('items', 'Read an item', 'With all of its reservations.'),
          params: ItemParams,
          headers: reading,
          response: answers({
            200: ItemView,
            304: Type.Null({ description: 'As If-None-Match has it.' }),
          }),
        },
      },
      async (request, reply) => {
        const { userID, itemID } = request.params
        const found = await parts.useCases.readItem(userID as CartId, itemID as ItemId)
        if (found === null) {
          throw new CartError('item-not-found', `The cart has no item ${itemID}.`)
        }
        const { cart, item } = found
        const etag = toETag(cart)
        reply.header('etag', etag)
        if (matchesIfNoneMatch(request.headers['if-none-match'], etag, true)) {
          return reply.code(304).send()
        }
        const reservations = await found.loadReservations()
        const notes = (await parts.useCases.readCatalogNotes?.([item])) ?? noNotes
        return reply.header('content-type', jsonType).send(toItemText(item, reservations, notes))
      },
    )
  }
