// The history of a cart.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { CartId } from '../../../domain/ids.ts'
import { toEntryView } from '../answers/journal-view.ts'
import { JournalView } from '../answers/views.ts'
import { CartParams, JournalQuery } from '../input/schemas.ts'
import type { HttpParts } from '../server/http-parts.ts'
import { answers, describe } from '../server/openapi.ts'

export const journalRoutes =
  (parts: HttpParts): FastifyPluginAsyncTypebox =>
  async (app) => {
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
      async (request) => {
        const { after = 0, limit = 100 } = request.query
        const cartId = request.params.userID as CartId
        const { entries, next } = await parts.useCases.readJournal(cartId, after, limit)
        return { entries: entries.map(toEntryView), next }
      },
    )
  }
