// The HTTP server: what is the same for every route. Start reading at routes/.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { limits } from '../../../domain/limits.ts'
import { assertHostAndExpect, assertSingleHeaders } from '../input/headers.ts'
import { readBodies } from '../input/read-bodies.ts'
import { answerError } from '../problems/answer-error.ts'
import { cartRoutes } from '../routes/cart-routes.ts'
import { healthRoutes } from '../routes/health-routes.ts'
import { itemChangeRoutes } from '../routes/item-change-routes.ts'
import { itemRoutes } from '../routes/item-routes.ts'
import { jobRoutes } from '../routes/job-routes.ts'
import { journalRoutes } from '../routes/journal-routes.ts'
import { referenceRoutes } from '../routes/reference/reference-routes.ts'
import { answerClientError } from './answer-client-error.ts'
import {
  answerMissing,
  answerUnrouted,
  collectRoutes,
  type RoutesByUrl,
} from './answer-unrouted.ts'
import { checkInput } from './check-input.ts'
import type { HttpParts, HttpSettings } from './http-parts.ts'
import { documentApi } from './openapi.ts'

export const buildServer = async (
  parts: HttpParts,
  settings: HttpSettings,
  version: string,
): Promise<FastifyInstance> => {
  const app = createServer(parts, settings)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler(answerMissing)
  checkInput(app)
  // Answers are written by hand or small: no serializer is worth compiling at start.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  readBodies(app)
  const routes = collectRoutes(app)
  receive(app, parts, routes)
  observe(app, parts)
  await documentApi(app, version)
  await app.register(healthRoutes(parts))
  if (settings.role !== 'worker') {
    await app.register(cartRoutes(parts))
    await app.register(itemRoutes(parts))
    await app.register(itemChangeRoutes(parts))
    await app.register(journalRoutes(parts))
    await app.register(jobRoutes(parts))
    if (settings.referenceApis === 'on') await app.register(referenceRoutes(parts))
  }
  await app.ready()
  return app
}

const createServer = (parts: HttpParts, settings: HttpSettings): FastifyInstance =>
  Fastify({
    loggerInstance: parts.log,
    // A logger of its own for each request costs more than the rest of a small answer.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => toRequestId(request.headers['x-request-id'], parts),
    bodyLimit: limits.bodyBytes,
    routerOptions: { maxParamLength: 16_384 },
    // A request on an open connection is answered while the service drains.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    requestTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    http: {
      headersTimeout: settings.headersTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      requireHostHeader: false,
      // How exactly the two above are kept; Node's default looks every 30 s.
      connectionsCheckingInterval: 1_000,
    },
    clientErrorHandler: answerClientError,
    // A path that cannot be decoded; no hook sees it.
    frameworkErrors: (error, request, reply) => {
      setHeaders(parts, request, reply)
      answerError(error, request, reply)
      const { method } = request
      parts.telemetry.answered({ method, route: 'unknown', status: reply.statusCode, seconds: 0 })
    },
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as FastifyInstance

const toRequestId = (given: string | string[] | undefined, { clock }: HttpParts): string =>
  typeof given === 'string' && /^[!-~]{1,128}$/.test(given) ? given : clock.newId()

const receive = (app: FastifyInstance, parts: HttpParts, routes: RoutesByUrl): void => {
  // An expectation is looked at with the other headers; Node would refuse it with an empty answer.
  app.server.on('checkExpectation', (request, response) =>
    app.server.emit('request', request, response),
  )
  app.addHook('onRequest', (request, reply, done) => {
    setHeaders(parts, request, reply)
    // Before the body is looked at: whatever it is, it will not be read.
    if (request.is404) return void answerUnrouted(routes, request, reply)
    try {
      assertSingleHeaders(request.raw)
      assertHostAndExpect(request.raw)
      done()
    } catch (error) {
      done(error as Error)
    }
  })
}

const setHeaders = ({ isDraining }: HttpParts, { id }: FastifyRequest, reply: FastifyReply) => {
  reply.header('x-request-id', id)
  reply.header('x-content-type-options', 'nosniff')
  if (isDraining()) reply.header('connection', 'close')
}

const observe = (app: FastifyInstance, { telemetry, log }: HttpParts): void => {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const seconds = reply.elapsedTime / 1_000
    const { method, id } = request
    const status = reply.statusCode
    telemetry.answered({ method, route, status, seconds })
    log.debug({ requestId: id, method, route, status, seconds }, 'request answered')
    done()
  })
}
