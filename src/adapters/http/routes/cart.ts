// The cart as a whole: read it, empty it, do several things to it in one step, read its history.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { CartId, ItemId } from '../../../domain/cart.ts'
import type { Operation } from '../../../domain/commands.ts'
import type { JournalEntry } from '../../../ports/store.ts'
import { cartAnswer, emptyAnswer } from '../cart-answers.ts'
import { toCartText, toETag, toReadText } from '../cart-view.ts'
import { noNotes, readNotes } from '../catalog-notes.ts'
import { matchesIfNoneMatch } from '../headers.ts'
import { answers, describe, reading, writeHeaders } from '../openapi.ts'
import type { HttpParts } from '../parts.ts'
import {
  CartParams,
  CartView,
  JournalQuery,
  JournalView,
  MinimalView,
  OperationsBody,
} from '../schemas.ts'
import { toAddition } from '../to-addition.ts'
import { toWireData } from '../to-wire-data.ts'
import { write } from '../write.ts'

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
        const cart = await parts.commands.read(request.params.userID as CartId)
        const etag = toETag(cart)
        reply.header('etag', etag)
        const isKnown = matchesIfNoneMatch(
          request.headers['if-none-match'],
          etag,
          cart.revision > 0,
        )
        if (isKnown) return reply.code(304).send()
        const notes = parts.catalog.name === 'open' ? noNotes : await readNotes(parts.catalog, cart)
        return reply
          .header('content-type', 'application/json; charset=utf-8')
          .send(notes.size === 0 ? toReadText(cart) : toCartText(cart, notes))
      },
    )

    app.delete(
      '/v1/cart/:userID',
      {
        schema: {
          ...describe('cart', 'Clear a cart', 'Removes all items and gives back what is held.'),
          params: CartParams,
          headers: writeHeaders,
          response: answers({ 204: Type.Null({ description: 'The cart is empty.' }) }),
        },
      },
      (request, reply) =>
        write(parts, request, reply, {
          userId: request.params.userID,
          intent: { type: 'clear-cart' },
          resource: ['cart'],
          respond: emptyAnswer,
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
        write(parts, request, reply, {
          userId: request.params.userID,
          intent: { type: 'run-operations', operations: toOperations(request.body) },
          resource: ['operations'],
          respond: cartAnswer(request, 200),
        }),
    )

    app.get(
      '/v1/cart/:userID/journal',
      {
        schema: {
          ...describe(
            'cart',
            'Read the history of a cart',
            'Oldest first; a revision is not split.',
          ),
          params: CartParams,
          querystring: JournalQuery,
          response: answers({ 200: JournalView }),
        },
      },
      (request) => readPage(parts, request.params.userID as CartId, request.query),
    )
  }

const toOperations = ({ operations }: OperationsBody): readonly Operation[] =>
  operations.map((operation, index): Operation => {
    switch (operation.op) {
      case 'add':
        return { type: 'add-item', ...toAddition(operation, `/operations/${index}`) }
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

// One command makes at most a few events for each of its operations and items.
const entriesPerRevisionMax = 2_000

const readPage = async (
  { store }: HttpParts,
  cartId: CartId,
  { after = 0, limit = 100 }: { readonly after?: number; readonly limit?: number },
): Promise<{ entries: ReturnType<typeof toEntryView>[]; next: number | null }> => {
  const found = await store.readJournal(cartId, after, limit + 1)
  if (found.length <= limit) return { entries: found.map(toEntryView), next: null }
  // The last revision may go on behind the page, so it goes to the next one.
  const cut = found.at(-1)?.revision ?? 0
  const whole = found.filter((entry) => entry.revision !== cut)
  if (whole.length > 0) {
    return { entries: whole.map(toEntryView), next: whole.at(-1)?.revision ?? null }
  }
  // A revision that is larger than the page is a page of its own.
  const more = await store.readJournal(cartId, after, entriesPerRevisionMax)
  const entries = more.filter((entry) => entry.revision === cut)
  return { entries: entries.map(toEntryView), next: entries.length < more.length ? cut : null }
}

const toEntryView = ({ revision, version, actor, event }: JournalEntry) => {
  const { type, at, ...data } = event
  return { revision, version, type, data: toWireData(data), actor, at: new Date(at).toISOString() }
}
