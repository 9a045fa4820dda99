// Requests to the server under test: each with a time limit, each answer read to its end.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, Failure, type Method, type Sent } from './check.ts'

export type ClientOptions = {
  readonly url: string
  readonly token: string | null
  readonly timeoutMs: number
}

export type Send = (method: Method, path: string, sent?: Sent) => Promise<Answer>

const tooManyMax = 3
const retryAfterMaxSeconds = 10

/** No server answers at all: no check could say anything. */
export class UnreachableError extends Error {}

class NoAnswer extends Failure {
  readonly reason: string
  constructor(request: string, reason: string) {
    super(`${request}: ${reason}`)
    this.reason = reason
  }
}

export const openClient = (options: ClientOptions): Send => {
  return async (method, path, sent = {}) => {
    for (let tries = 1; ; tries += 1) {
      const answer = await ask(options, method, path, sent)
      const isOver = answer.status !== 429 || sent.tooMany === 'answer' || tries === tooManyMax
      if (isOver) return answer
      const seconds = Number(answer.headers.get('retry-after') ?? 1)
      await sleep(1_000 * Math.min(Math.max(seconds || 1, 0.1), retryAfterMaxSeconds))
    }
  }
}

const ask = async (
  { url, token, timeoutMs }: ClientOptions,
  method: Method,
  path: string,
  sent: Sent,
): Promise<Answer> => {
  const request = `${method} ${path}`
  const body = sent.raw ?? (sent.body === undefined ? null : JSON.stringify(sent.body))
  const headers = {
    ...(body !== null && { 'content-type': 'application/json' }),
    ...(token !== null && sent.as !== 'anonymous' && { authorization: `Bearer ${token}` }),
    ...sent.headers,
  }
  const signal = AbortSignal.timeout(timeoutMs)
  const startedAt = performance.now()
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      body,
      signal,
      redirect: 'manual',
    })
    const text = await response.text()
    const ms = performance.now() - startedAt
    const { status } = response
    return { request, status, headers: response.headers, text, json: readJson(text), ms }
  } catch (error) {
    throw new NoAnswer(
      request,
      signal.aborted ? `no answer within ${timeoutMs / 1_000} s` : toReason(error),
    )
  }
}

const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// fetch says "fetch failed"; what failed is in the cause, which may be several attempts.
const toReason = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(toReason).join('; ')
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : toReason(error.cause)
}

/** Whatever is answered, something is there. @throws UnreachableError */
export const assertReachable = async (options: ClientOptions): Promise<void> => {
  try {
    await ask(options, 'GET', '/', { as: 'anonymous' })
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    throw new UnreachableError(`nothing answers at ${options.url}: ${error.reason}`)
  }
}
