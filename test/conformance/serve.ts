// A server in the test: a handler behind a real port.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

export type Asked = {
  readonly method: string
  /** Method and decoded path, such as `GET /cart/ada`. */
  readonly route: string
  /** The parts of the path, decoded. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
  /** Undefined when there is none, or it is not JSON. */
  readonly body: unknown
  readonly headers: IncomingHttpHeaders
}

export type Answered = {
  readonly status: number
  /** Nothing is sent when it is undefined. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type Handler = (asked: Asked) => Answered | Promise<Answered>

const read = async (request: IncomingMessage): Promise<Asked> => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const parts = url.pathname.slice(1).split('/').map(decodeURIComponent)
  const { method = 'GET', headers } = request
  const body = parse(await text(request))
  const route = `${method} /${parts.join('/')}`
  return { method, route, parts, query: url.searchParams, body, headers }
}

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

export const serve = async (
  handler: Handler,
): Promise<AsyncDisposable & { readonly url: string }> => {
  const server = createServer(async (request, response) => {
    const { status, body, headers } = await handler(await read(request))
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body === undefined ? '' : JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const notFound: Answered = { status: 404, body: { detail: 'Not Found' } }

/** What FastAPI answers to a request that does not fit the types of the function. */
export const unprocessable: Answered = { status: 422, body: { detail: [{ msg: 'not valid' }] } }

export const missing = (detail: string): Answered => ({ status: 404, body: { detail } })

/** As FastAPI reads a query parameter of the type int. */
export const toInteger = (value: string | null): number | null =>
  value !== null && /^[-+]?\d+$/.test(value) ? Number(value) : null

/** A member of a JSON object. */
export const memberOf = (body: unknown, name: string): unknown =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined
