// The HTTP server: what is the same for every route. Start reading at routes/.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import Fastify, {
  type ConnectionError,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { limits } from '../../domain/limits.ts'
import { readBodies } from './body.ts'
import { assertSingleHeaders } from './headers.ts'
import { documentApi } from './openapi.ts'
import type { HttpParts, HttpSettings } from './parts.ts'
import { answerError, type ProblemCode, sendProblem, toProblem } from './problems.ts'
import { adminJobRoutes } from './routes/admin-jobs.ts'
import { cartRoutes } from './routes/cart.ts'
import { itemChangeRoutes } from './routes/item-changes.ts'
import { itemRoutes } from './routes/items.ts'
import { operationsRoutes } from './routes/operations.ts'

export const buildServer = async (
  parts: HttpParts,
  settings: HttpSettings,
  version: string,
): Promise<FastifyInstance> => {
  const app = createServer(parts, settings)
  app.setErrorHandler(answerError)
  checkInput(app)
  // Answers are written by hand or small: no serializer is worth compiling at start.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  readBodies(app)
  const routes = collectRoutes(app)
  receive(app, parts, routes)
  observe(app, parts)
  await documentApi(app, version)
  await app.register(operationsRoutes(parts))
  await app.register(cartRoutes(parts))
  await app.register(itemRoutes(parts))
  await app.register(itemChangeRoutes(parts))
  await app.register(adminJobRoutes(parts))
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
      // How exactly the two above are kept; Node's default looks every 30 s.
      connectionsCheckingInterval: 1_000,
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as FastifyInstance

const toRequestId = (given: string | string[] | undefined, { clock }: HttpParts): string =>
  typeof given === 'string' && /^[!-~]{1,128}$/.test(given) ? given : clock.newId()

const checkInput = (app: FastifyInstance): void => {
  const strict = new Ajv({ coerceTypes: false, removeAdditional: false, allErrors: false })
  // Queries come as text, whatever they mean.
  const coercing = new Ajv({ coerceTypes: true, removeAdditional: false, useDefaults: true })
  for (const ajv of [strict, coercing]) formats.default(ajv)
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'querystring' ? coercing : strict).compile(schema as object),
  )
}

const receive = (
  app: FastifyInstance,
  { isDraining }: HttpParts,
  routes: ReadonlyMap<string, Route>,
): void => {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    if (isDraining()) reply.header('connection', 'close')
    // Before the body is looked at: whatever it is, nobody is going to read it.
    if (request.is404) return void answerUnrouted(routes, request, reply)
    try {
      assertSingleHeaders(request.raw.rawHeaders)
      done()
    } catch (error) {
      done(error as Error)
    }
  })
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

type Route = { readonly pattern: RegExp; readonly methods: Set<string> }

const collectRoutes = (app: FastifyInstance): ReadonlyMap<string, Route> => {
  const routes = new Map<string, Route>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return
    const pattern = new RegExp(`^${url.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+')}/?$`)
    const route = routes.get(url) ?? { pattern, methods: new Set<string>() }
    for (const each of [method].flat()) route.methods.add(each)
    routes.set(url, route)
  })
  return routes
}

const answerUnrouted = (
  routes: ReadonlyMap<string, Route>,
  request: FastifyRequest,
  reply: Parameters<typeof sendProblem>[0],
) => {
  const path = request.url.split('?', 1)[0] ?? ''
  const allowed = [...routes.values()]
    .filter(({ pattern }) => pattern.test(path))
    .flatMap(({ methods }) => [...methods])
  if (allowed.length === 0 || allowed.includes(request.method)) {
    return sendProblem(reply, toProblem('route-not-found', 'See /docs.', request.id))
  }
  const allow = [...new Set(allowed)].sort().join(', ')
  reply.header('allow', allow)
  return sendProblem(reply, toProblem('method-not-allowed', `Allowed: ${allow}.`, request.id))
}

// Before there is a request to answer: broken HTTP, or headers that never end.
const answerClientError = (error: ConnectionError, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const codes: Readonly<Record<string, ProblemCode>> = {
    ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
    HPE_HEADER_OVERFLOW: 'headers-too-large',
  }
  const code = codes[error.code ?? ''] ?? 'invalid-request'
  const problem = toProblem(code, 'The request is not readable HTTP, or came too slowly.', 'none')
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
