// For those who run the service: is it alive, is it ready, what does it count.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { answers, describe } from '../openapi.ts'
import type { HttpParts } from '../parts.ts'
import { ReadyView, StatusView } from '../schemas.ts'

// A store that takes longer to answer is not ready to serve.
const checkTimeoutMs = 2_000

export const operationsRoutes =
  (parts: HttpParts): FastifyPluginAsyncTypebox =>
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
        const readiness = await readReadiness(parts)
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
        reply
          .header('content-type', parts.telemetry.contentType)
          .send(await parts.telemetry.text()),
    )
  }

type Check = { readonly status: string; readonly [more: string]: unknown }

type Readiness = {
  readonly status: 'ready' | 'degraded' | 'unavailable' | 'draining'
  readonly checks: Record<string, Check>
}

const readReadiness = async (parts: HttpParts): Promise<Readiness> => {
  const { store, service, queue, catalog } = parts
  const storeCheck = await checkStore(parts)
  const breaker = service?.breaker() ?? 'off'
  const checks: Record<string, Check> = {
    store: { ...storeCheck, name: store.name, durability: store.durability },
    reservations: { status: breaker === 'open' ? 'degraded' : 'ok', breaker },
  }
  if (catalog.name !== 'open') {
    checks.catalog = { ...(await checkCatalog(parts)), name: catalog.name }
  }
  if (queue !== null) {
    checks.queue = { status: queue.isUp() ? 'ok' : 'degraded', name: queue.name }
  }
  if (parts.isDraining()) return { status: 'draining', checks }
  if (storeCheck.status !== 'ok') return { status: 'unavailable', checks }
  const isDegraded = Object.values(checks).some(({ status }) => status === 'degraded')
  return { status: isDegraded ? 'degraded' : 'ready', checks }
}

const checkStore = async ({ store, log }: HttpParts): Promise<Check> => {
  try {
    await inTime(store.check())
    return { status: 'ok' }
  } catch (error) {
    log.warn({ err: error }, 'the store is not ready')
    return { status: 'unavailable' }
  }
}

const checkCatalog = async ({ catalog, log }: HttpParts): Promise<Check> => {
  try {
    await inTime(catalog.check())
    return { status: 'ok' }
  } catch (error) {
    log.warn({ err: error }, 'the catalogue is not ready')
    return { status: 'degraded' }
  }
}

const inTime = async (answer: Promise<void>): Promise<void> => {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => timeout.reject(new Error('no answer in time')), checkTimeoutMs)
  try {
    await Promise.race([answer, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
