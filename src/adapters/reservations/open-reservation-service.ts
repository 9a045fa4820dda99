// The reservation service over HTTP. One pool of connections, a timeout on every call, a circuit breaker
// around all of them; no retries here: the job is what retries.
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
} from 'cockatiel'
import { Agent } from 'undici'
import { readBoundedText } from '../../platform/bounded-body.ts'
import { authorizationOf } from '../../platform/url-credentials.ts'
import type {
  Grade,
  ReservationClient,
  ReserveRequest,
  ReserveResult,
} from '../../ports/reservation-client.ts'
import {
  isSuccess,
  readBatchAnswer,
  readReserveAnswer,
  readTrouble,
  type ServiceResponse,
} from './read-response.ts'

export type ReservationServiceSettings = {
  readonly url: URL
  readonly grade: Grade
  readonly connections: number
  readonly timeoutMs: number
  readonly breaker: { readonly enabled: boolean; readonly cooldownMs: number }
}

const bodyBytesMax = 65_536
// A result of a batch: a reference, and an id of up to 256 characters of up to 4 bytes.
const bytesPerResult = 2_048
// A service that refuses one call in two reaches this once in a million calls; one that is down at once.
const failuresToOpen = 20
const connectTimeoutMs = 10_000

type Failure = Extract<ReserveResult, { readonly kind: 'unknown' | 'unsent' }>
type Call = {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly path: string
  readonly key: string
  readonly body?: string
  /** Results in the answer, one when left out. */
  readonly results?: number
}

export const openReservationService = (settings: ReservationServiceSettings): ReservationClient => {
  const { url, grade } = settings
  const agent = openAgent(settings)
  const guard = openBreaker(settings.breaker)
  const base = url.pathname.replace(/\/$/, '')
  const authorization = authorizationOf(url)

  const send = async (call: Call, signal: AbortSignal): Promise<ServiceResponse | Failure> => {
    if (signal.aborted) return { kind: 'unsent', reason: 'broken off', retryAfterMs: 0 }
    // One timer, cleared with the answer: thousands of calls are open at once.
    const abort = new AbortController()
    const breakOff = () => abort.abort(signal.reason)
    const timer = setTimeout(() => abort.abort(new Error('no answer in time')), settings.timeoutMs)
    signal.addEventListener('abort', breakOff, { once: true })
    try {
      const { method, path, key, body = null, results = 1 } = call
      const type = body === null ? {} : { 'content-type': 'application/json' }
      const answer = await agent.request({
        origin: url.origin,
        path: `${base}${path}`,
        method,
        headers: { 'idempotency-key': key, ...authorization, ...type },
        body,
        signal: abort.signal,
      })
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: await readBoundedText(answer.body, bodyBytesMax + (results - 1) * bytesPerResult),
      }
    } catch (error) {
      return toFailure(error)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', breakOff)
    }
  }

  const call = (request: Call, signal: AbortSignal) => guard.run(() => send(request, signal))

  return {
    grade,
    breaker: guard.state,
    reserve: async (request, signal) => {
      const body = JSON.stringify(toBody(request))
      const key = request.key
      const answer = await call({ method: 'POST', path: '/reserve', key, body }, signal)
      return 'kind' in answer ? answer : readReserveAnswer(answer)
    },
    reserveBatch: async (requests, signal) => {
      const keys = requests.map(({ key }) => key)
      const body = JSON.stringify({ reservations: requests.map(toBody) })
      // The keys travel in the references; the batch as a whole is named by its first.
      const key = `batch-${keys[0] ?? ''}`
      const results = requests.length
      const answer = await call(
        { method: 'POST', path: '/reserve/batch', key, body, results },
        signal,
      )
      return 'kind' in answer ? keys.map(() => answer) : readBatchAnswer(answer, keys)
    },
    release: async (key, holdId, signal) => {
      const path = `/reserve/${encodeURIComponent(holdId)}`
      const answer = await call({ method: 'DELETE', path, key }, signal)
      if ('kind' in answer) return answer
      const { status } = answer
      if (isSuccess(status) || status === 404 || status === 410) return { kind: 'released' }
      const trouble = readTrouble(answer)
      const { reason } = trouble
      return trouble.kind === 'refused' ? { kind: 'rejected', reason } : trouble
    },
    lookup: async (key, signal) => {
      const path = `/reserve?reference=${encodeURIComponent(key)}`
      const answer = await call({ method: 'GET', path, key }, signal)
      if ('kind' in answer) return answer
      if (answer.status === 404) return { kind: 'missing' }
      const read = readReserveAnswer(answer)
      if (read.kind === 'reserved') return { kind: 'found', holdId: read.holdId }
      return read.kind === 'refused' ? { kind: 'rejected', reason: read.reason } : read
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

const toBody = ({ key, productId, quantity }: ReserveRequest) => ({
  item: productId,
  quantity,
  reference: key,
})

const openAgent = ({ connections, timeoutMs }: ReservationServiceSettings): Agent =>
  new Agent({
    connections,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs },
    // The whole call has its own timeout; these are the net under it.
    headersTimeout: timeoutMs + 1_000,
    bodyTimeout: timeoutMs + 1_000,
    keepAliveTimeout: 4_000,
  })

// No connection was made, so nothing was sent.
const unsentCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EMFILE',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
])

const toFailure = (error: unknown): Failure => {
  const { code, name, message } = error as { code?: unknown; name?: string; message?: string }
  const reason = `${typeof code === 'string' ? code : name}: ${message}`.slice(0, 200)
  return typeof code === 'string' && unsentCodes.has(code)
    ? { kind: 'unsent', reason, retryAfterMs: 0 }
    : { kind: 'unknown', reason }
}

type Guarded = ServiceResponse | Failure

const isTrouble = (answer: Guarded): boolean =>
  'kind' in answer ? true : answer.status >= 500 || answer.status === 408

/** All calls pass one breaker; while it is open they are answered without being made. */
const openBreaker = ({ enabled, cooldownMs }: ReservationServiceSettings['breaker']) => {
  if (!enabled) {
    return { run: (work: () => Promise<Guarded>) => work(), state: () => 'closed' as const }
  }
  let openedAt = 0
  const policy: CircuitBreakerPolicy = circuitBreaker(
    handleWhenResult((answer) => isTrouble(answer as Guarded)),
    { halfOpenAfter: cooldownMs, breaker: new ConsecutiveBreaker(failuresToOpen) },
  )
  policy.onBreak(() => {
    openedAt = Date.now()
  })
  return {
    run: async (work: () => Promise<Guarded>): Promise<Guarded> => {
      try {
        return (await policy.execute(work)) as Guarded
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error
        const retryAfterMs = Math.max(1, openedAt + cooldownMs - Date.now())
        return { kind: 'unsent', reason: 'the circuit breaker is open', retryAfterMs }
      }
    },
    state: () => {
      if (policy.state === CircuitState.Closed) return 'closed'
      const isCool = Date.now() - openedAt >= cooldownMs
      return policy.state === CircuitState.HalfOpen || isCool ? 'half-open' : 'open'
    },
  }
}
