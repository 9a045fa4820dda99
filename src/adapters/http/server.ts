// The HTTP server: what is the same for every route. Start reading at routes/.
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import Fastify, {
  type ConnectionError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { limits } from '../../domain/limits.ts'
import { readBodies } from './body.ts'
import { assertHostAndExpect, assertSingleHeaders } from './headers.ts'
import { documentApi } from './openapi.ts'
import type { HttpParts, HttpSettings } from './parts.ts'
import { answerError, type ProblemCode, sendProblem, toProblem } from './problems.ts'
import { adminJobRoutes } from './routes/admin-jobs.ts'
import { cartRoutes } from './routes/cart.ts'
import { itemChangeRoutes } from './routes/item-changes.ts'
import { itemRoutes } from './routes/items.ts'
import { operationsRoutes } from './routes/operations.ts'
import { referenceRoutes } from './routes/reference/routes.ts'

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
  await app.register(operationsRoutes(parts))
  if (settings.role !== 'worker') {
    await app.register(cartRoutes(parts))
    await app.register(itemRoutes(parts))
    await app.register(itemChangeRoutes(parts))
    await app.register(adminJobRoutes(parts))
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

const checkInput = (app: FastifyInstance): void => {
  const ajv = new Ajv({ coerceTypes: false, removeAdditional: false, allErrors: false })
  formats.default(ajv)
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const check = ajv.compile(schema as object)
    return httpPart === 'querystring' ? checkQuery(schema as QuerySchema, check) : check
  })
}

type QuerySchema = { readonly properties: Readonly<Record<string, { readonly type?: string }>> }

// Queries come as text. Only digits are read as a number: not 0x10, 1e2 or " 1".
const checkQuery = ({ properties }: QuerySchema, check: ValidateFunction) => {
  const numbers = Object.keys(properties).filter((name) => properties[name]?.type === 'integer')
  return (query: Record<string, unknown>) => {
    for (const name of numbers) {
      const text = query[name]
      if (typeof text === 'string' && /^\d{1,16}$/.test(text)) query[name] = Number(text)
    }
    return check(query) || { error: check.errors ?? [] }
  }
}

const receive = (
  app: FastifyInstance,
  parts: HttpParts,
  routes: ReadonlyMap<string, Route>,
): void => {
  // An expectation is looked at with the other headers; Node would refuse it with an empty answer.
  app.server.on('checkExpectation', (request, response) =>
    app.server.emit('request', request, response),
  )
  app.addHook('onRequest', (request, reply, done) => {
    setHeaders(parts, request, reply)
    // Before the body is looked at: whatever it is, nobody is going to read it.
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

type Route = { readonly pattern: RegExp; readonly methods: Set<string> }

const collectRoutes = (app: FastifyInstance): ReadonlyMap<string, Route> => {
  const routes = new Map<string, Route>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return
    const pattern = new RegExp(`^${url.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+')}$`)
    const route = routes.get(url) ?? { pattern, methods: new Set<string>() }
    for (const each of [method].flat()) route.methods.add(each)
    routes.set(url, route)
  })
  return routes
}

const answerUnrouted = (
  routes: ReadonlyMap<string, Route>,
  request: FastifyRequest,
  reply: FastifyReply,
) => {
  const path = request.url.split('?', 1)[0] ?? ''
  const allowed = [...routes.values()]
    .filter(({ pattern }) => pattern.test(path))
    .flatMap(({ methods }) => [...methods])
  if (allowed.length === 0 || allowed.includes(request.method)) return answerMissing(request, reply)
  const allow = [...new Set(allowed)].sort().join(', ')
  reply.header('allow', allow)
  return sendProblem(reply, toProblem('method-not-allowed', `Allowed: ${allow}.`, request.id))
}

const answerMissing = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  sendProblem(reply, toProblem('route-not-found', 'See /docs.', request.id))

// Node has no public name for the answer under way on a connection.
type BusySocket = Socket & { readonly _httpMessage?: ServerResponse | null }

const waiting = new WeakSet<Socket>()

// Before there is a request to answer: broken HTTP, or headers that never end.
const answerClientError = (error: ConnectionError, socket: BusySocket): void => {
  const underWay = socket._httpMessage
  if (underWay?.req.complete && error.code !== 'ECONNRESET') {
    // What follows a whole request is broken: said now, it would pass for the answer to that.
    if (waiting.has(socket)) return
    waiting.add(socket)
    underWay.once('close', () => {
      waiting.delete(socket)
      answerClientError(error, socket)
    })
    return
  }
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
