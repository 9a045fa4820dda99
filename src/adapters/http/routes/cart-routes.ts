// The cart as a whole: read it, empty it, do several things to it in one step.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { noNotes } from '../../../application/carts/read-catalog-notes.ts'
import type { Operation } from '../../../domain/cart/commands.ts'
import type { CartId, ItemId } from '../../../domain/ids.ts'
import { toCartText, toETag, toReadText } from '../answers/cart-text.ts'
import { jsonType } from '../answers/send-changed.ts'
import { CartView, MinimalView } from '../answers/views.ts'
import { toAddition } from '../input/addition.ts'
import { matchesIfNoneMatch } from '../input/headers.ts'
import { CartParams, OperationsBody } from '../input/schemas.ts'
import type { HttpParts } from '../server/http-parts.ts'
import { answers, describe, reading, writeHeaders } from '../server/openapi.ts'
import { answerChange, preferredForm } from './answer-change.ts'

export const cartRoutes =
  (parts: HttpParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/cart/:userID',
      {
        schema: {
          ...describe('cart', 'Read a cart', 'An unknown cart is empty at version 0.'),
          params: CartParams,
          headers: reading,
          response: answers({
            200: CartView,
            304: Type.Null({ description: 'As If-None-Match has it.' }),
          }),
        },
      },
      async (request, reply) => {
        const { readCart, readCatalogNotes } = parts.useCases
        const cart = await readCart(request.params.userID as CartId)
        const etag = toETag(cart)
        reply.header('etag', etag)
        const isKnown = matchesIfNoneMatch(
          request.headers['if-none-match'],
          etag,
          cart.revision > 0,
        )
        if (isKnown) return reply.code(304).send()
        const notes = readCatalogNotes === null ? noNotes : await readCatalogNotes(cart.items)
        return reply
          .header('content-type', jsonType)
          .send(notes.size === 0 ? toReadText(cart) : toCartText(cart, notes))
      },
    )

    app.delete(
      '/v1/cart/:userID',
      {
        schema: {
          ...describe('cart', 'Clear a cart', 'Removes all items and releases what is held.'),
          params: CartParams,
          headers: writeHeaders,
          response: answers({ 204: Type.Null({ description: 'The cart is empty.' }) }),
        },
      },
      (request, reply) =>
        answerChange(parts, request, reply, {
          userId: request.params.userID,
          intent: { type: 'clear-cart' },
          resource: ['cart'],
          status: 204,
          form: null,
        }),
    )

    app.post(
      '/v1/cart/:userID/operations',
      {
        schema: {
          ...describe('cart', 'Do several things in one step', 'All of them happen, or none.'),
          params: CartParams,
          headers: writeHeaders,
          body: OperationsBody,
          response: answers({ 200: Type.Union([CartView, MinimalView]) }),
        },
      },
      (request, reply) =>
        answerChange(parts, request, reply, {
          userId: request.params.userID,
          intent: { type: 'run-operations', operations: toOperations(request.body) },
          resource: ['operations'],
          status: 200,
          form: preferredForm(request),
        }),
    )
  }

const toOperations = ({ operations }: OperationsBody): readonly Operation[] =>
  operations.map((operation, index): Operation => {
    switch (operation.op) {
      case 'add':
        return toAddition(operation, `/operations/${index}`)
      case 'set':
        return {
          type: 'set-quantity',
          itemId: operation.item_id as ItemId,
          quantity: operation.quantity,
        }
      case 'remove':
        return { type: 'remove-item', itemId: operation.item_id as ItemId }
      case 'clear':
        return { type: 'clear-cart' }
      default:
        return operation satisfies never
    }
  })
