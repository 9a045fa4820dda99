// Calls to the product service: bounded in number, time and bytes, behind a circuit breaker. No retries:
// the next request asks again.
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
} from 'cockatiel'
import { Agent } from 'undici'
import { readBoundedText } from '../../platform/bounded-body.ts'
import { withinTime } from '../../platform/time-limit.ts'
import { authorizationOf } from '../../platform/url-credentials.ts'
import type { Product } from '../../ports/catalog.ts'
import { readProductAnswer } from './read-product-answer.ts'

export type ProductServiceOptions = {
  /** Asked for `{url}/products/{id}`; its user and password go along as Basic authorization. */
  readonly url: URL
  /** Of prices that name none. */
  readonly currency: string
  /** For one product, the wait for its turn included. */
  readonly timeoutMs: number
  /** Calls open at once. */
  readonly connections: number
  readonly breaker: { readonly enabled: boolean; readonly cooldownMs: number }
}

export interface ProductService extends AsyncDisposable {
  /** Null: there is no such product. @throws Error when it is not known, saying why. */
  ask(id: string): Promise<Product | null>
}

const bodyBytesMax = 65_536
const waitingMax = 1_000
// A service that fails one call in two reaches this once in a thousand calls; one that is down at once.
const failuresToOpen = 10

export const openProductService = (options: ProductServiceOptions): ProductService => {
  const { url, currency, timeoutMs, connections } = options
  const agent = new Agent({
    connections,
    pipelining: 1,
    connect: { timeout: timeoutMs },
    // The whole call has its own timeout; these are the net under it.
    headersTimeout: timeoutMs + 1_000,
    bodyTimeout: timeoutMs + 1_000,
    keepAliveTimeout: 4_000,
  })
  const turns = bulkhead(connections, waitingMax)
  const guard = openBreaker(options.breaker)
  const headers = { accept: 'application/json', ...authorizationOf(url) }
  const base = url.pathname.replace(/\/$/, '')

  const call = async (id: string, signal: AbortSignal): Promise<Product | null> => {
    const path = `${base}/products/${encodeURIComponent(id)}`
    const { statusCode: status, body } = await agent.request({
      origin: url.origin,
      path,
      method: 'GET',
      headers,
      signal,
    })
    // Also of a 404, so that the connection can be used again.
    return readProductAnswer(
      { status, body: await readBoundedText(body, bodyBytesMax) },
      id,
      currency,
    )
  }

  const ask = async (id: string): Promise<Product | null> => {
    const abort = new AbortController()
    const { signal } = abort
    const work = turns.execute(() => {
      // Its turn came too late; that says nothing about the service.
      signal.throwIfAborted()
      return guard(() => call(id, signal))
    })
    try {
      return await withinTime(timeoutMs, work)
    } catch (error) {
      abort.abort(error)
      throw toError(error)
    }
  }

  return {
    // No path can end in a dot segment: it would name another resource.
    ask: async (id) => (/^\.{1,2}$/.test(id) || !id.isWellFormed() ? null : ask(id)),
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

type Guard = (work: () => Promise<Product | null>) => Promise<Product | null>

const openBreaker = ({ enabled, cooldownMs }: ProductServiceOptions['breaker']): Guard => {
  if (!enabled) return (work) => work()
  const policy = circuitBreaker(handleAll, {
    halfOpenAfter: cooldownMs,
    breaker: new ConsecutiveBreaker(failuresToOpen),
  })
  return (work) => policy.execute(work)
}

const toError = (error: unknown): Error => {
  if (error instanceof BrokenCircuitError) return new Error('the circuit breaker is open')
  if (error instanceof BulkheadRejectedError) return new Error('too many products are asked for')
  const { code, name, message } = error as { code?: unknown; name?: string; message?: string }
  const prefix = typeof code === 'string' ? `${code}: ` : ''
  return new Error(`${prefix}${message || name}`.slice(0, 200), { cause: error })
}
