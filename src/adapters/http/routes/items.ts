// The items of a cart: add one, read one.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { type CartId, findItem, type ItemId } from '../../../domain/cart.ts'
import { CartError } from '../../../domain/errors.ts'
import { cartAnswer } from '../cart-answers.ts'
import { toETag, toItemText } from '../cart-view.ts'
import { readNotes } from '../catalog-notes.ts'
import { matchesIfNoneMatch } from '../headers.ts'
import { answers, describe, reading, writeHeaders } from '../openapi.ts'
import type { HttpParts } from '../parts.ts'
import { AddItemBody, CartParams, CartView, ItemParams, ItemView, MinimalView } from '../schemas.ts'
import { toAddition } from '../to-addition.ts'
import { write } from '../write.ts'

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
        write(parts, request, reply, {
          userId: request.params.userID,
          intent: { type: 'add-item', ...toAddition(request.body) },
          resource: ['items'],
          respond: cartAnswer(request, 201),
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
        const cartId = request.params.userID as CartId
        const cart = await parts.commands.read(cartId)
        const item = findItem(cart, request.params.itemID as ItemId)
        if (item === undefined) {
          throw new CartError('item-not-found', `The cart has no item ${request.params.itemID}.`)
        }
        const etag = toETag(cart)
        reply.header('etag', etag)
        if (matchesIfNoneMatch(request.headers['if-none-match'], etag, true)) {
          return reply.code(304).send()
        }
        const older = item.older.count === 0 ? [] : await parts.store.loadOlder(cartId, item.id)
        const notes = await readNotes(parts.catalog, { ...cart, items: [item] })
        return reply
          .header('content-type', 'application/json; charset=utf-8')
          .send(toItemText(item, [...older, ...item.reservations], notes))
      },
    )
  }
