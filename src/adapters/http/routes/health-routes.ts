// For operators and balancers: is it alive, is it ready, what does it count.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ReadyView, StatusView } from '../answers/views.ts'
import type { HttpParts } from '../server/http-parts.ts'
import { answers, describe } from '../server/openapi.ts'

// A store that takes longer to answer is not ready to serve.
const checkTimeoutMs = 2_000

export const healthRoutes =
  ({ useCases: { checkReadiness }, telemetry }: HttpParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const healthSchema = {
      ...describe('operations', 'Is the process alive?', 'Looks at nothing else.'),
      response: answers({ 200: StatusView }),
    }
    const readySchema = {
      ...describe('operations', 'Can it serve?', 'degraded serves too; draining is about to end.'),
      response: answers({ 200: ReadyView, 503: ReadyView }),
    }
    for (const url of ['/health', '/livez']) {
      app.get(url, { schema: healthSchema }, async () => ({ status: 'ok' }))
    }
    for (const url of ['/ready', '/readyz']) {
      app.get(url, { schema: readySchema }, async (_request, reply) => {
        const readiness = await checkReadiness(AbortSignal.timeout(checkTimeoutMs))
        const serves = readiness.status === 'ready' || readiness.status === 'degraded'
        return reply.code(serves ? 200 : 503).send(readiness)
      })
    }
    app.get(
      '/metrics',
      {
        schema: {
          ...describe('operations', 'Metrics', 'In the text format of Prometheus.'),
          response: answers({ 200: Type.String() }),
        },
      },
      async (_request, reply) =>
        reply.header('content-type', telemetry.contentType).send(await telemetry.text()),
    )
  }
