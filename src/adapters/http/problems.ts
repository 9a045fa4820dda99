// Errors on the wire: RFC 9457 problem documents. The one place where an error gets a status.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { StaleVersionError } from '../../application/decide-together.ts'
import { CartError, type ErrorCode } from '../../domain/errors.ts'
import { toCartText } from './cart-view.ts'

/** What is wrong with a request as such, before a cart is looked at. */
export type RequestErrorCode =
  | 'invalid-request'
  | 'route-not-found'
  | 'method-not-allowed'
  | 'body-too-large'
  | 'unsupported-media-type'
  | 'headers-too-large'
  | 'request-timeout'
  | 'internal-error'

export type ProblemCode = ErrorCode | RequestErrorCode

type Kind = { readonly status: number; readonly title: string; readonly retryAfterSeconds?: number }

const kinds: Readonly<Record<ProblemCode, Kind>> = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'route-not-found': { status: 404, title: 'No such resource' },
  'item-not-found': { status: 404, title: 'No such item' },
  'product-not-found': { status: 404, title: 'No such product' },
  'user-not-found': { status: 404, title: 'No such user' },
  'job-not-found': { status: 404, title: 'No such job' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'item-busy': { status: 409, title: 'Too many reservations of the item are under way' },
  'departing-limit': { status: 409, title: 'Too many reservations are being given back' },
  'reservations-off': { status: 409, title: 'Reservations are switched off' },
  'version-stale': { status: 412, title: 'The cart has changed' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  'items-limit': { status: 422, title: 'The cart is full' },
  'quantity-limit': { status: 422, title: 'The quantity is too high' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used before' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong here' },
  'cart-busy': { status: 503, title: 'The cart is busy', retryAfterSeconds: 1 },
  'store-unavailable': { status: 503, title: 'The store is away', retryAfterSeconds: 2 },
  'catalog-unavailable': { status: 503, title: 'The catalogue is away', retryAfterSeconds: 2 },
}

export type FieldError = { readonly pointer: string; readonly detail: string }

// What a caller sent is not sent back at length.
const echoedMax = 300
const clip = (text: string): string =>
  text.length <= echoedMax ? text : `${text.slice(0, echoedMax).toWellFormed()}…`

/** A request that is refused for its form. `errors` point into the body, or into `/headers/…`. */
export class RequestError extends Error {
  readonly code: RequestErrorCode
  readonly errors: readonly FieldError[]
  constructor(code: RequestErrorCode, detail: string, errors: readonly FieldError[] = []) {
    super(detail)
    this.name = 'RequestError'
    this.code = code
    this.errors = errors
  }
}

export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  readonly code: ProblemCode
  readonly errors?: readonly FieldError[]
  readonly cart?: unknown
}

export const toProblem = (
  code: ProblemCode,
  detail: string,
  instance: string,
  { errors, ...more }: Pick<Problem, 'errors' | 'cart'> = {},
): Problem => {
  const { status, title } = kinds[code]
  return {
    type: `urn:cart-service:problem:${code}`,
    title,
    status,
    detail: clip(detail),
    instance,
    code,
    ...(errors !== undefined && {
      errors: errors.map((e) => ({ pointer: clip(e.pointer), detail: clip(e.detail) })),
    }),
    ...more,
  }
}

export const problemCodes = Object.keys(kinds) as readonly ProblemCode[]
export const statusOf = (code: ProblemCode): number => kinds[code].status
/** When to come again; null where that would not help. */
export const retryAfterOf = (code: ProblemCode): number | null =>
  kinds[code].retryAfterSeconds ?? null

export const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply => {
  const retryAfterSeconds = retryAfterOf(problem.code)
  if (retryAfterSeconds !== null) reply.header('retry-after', String(retryAfterSeconds))
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problem))
}

/** The error handler of the server: everything that was thrown on the way to an answer ends here. */
export const answerError = (
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => sendProblem(reply, explain(error, request))

/** What an error is to the caller; faults of our own are logged. */
export const explain = (error: FastifyError | Error, request: FastifyRequest): Problem => {
  const problem = fromError(error, request)
  const about = { err: error, requestId: request.id }
  if (problem.status === 500) request.log.error(about, 'request failed')
  if (problem.code === 'store-unavailable') request.log.warn(about, 'store unavailable')
  return problem
}

const fromError = (error: FastifyError | Error, { id }: FastifyRequest): Problem => {
  if (error instanceof StaleVersionError) {
    return toProblem(error.code, error.message, id, { cart: JSON.parse(toCartText(error.cart)) })
  }
  // What the store says about itself is for the log.
  if (error instanceof CartError && error.code === 'store-unavailable') {
    return toProblem(error.code, 'The store did not answer; try again.', id)
  }
  if (error instanceof CartError) return toProblem(error.code, error.message, id)
  if (error instanceof RequestError) {
    const { code, message, errors } = error
    return toProblem(code, message, id, errors.length === 0 ? {} : { errors })
  }
  if ('validation' in error && error.validation !== undefined) return fromValidation(error, id)
  return fromFramework(error, id)
}

const fromValidation = (error: FastifyError, instance: string): Problem => {
  const prefix = error.validationContext === 'body' ? '' : `/${error.validationContext}`
  const errors = (error.validation ?? []).slice(0, 20).map(({ instancePath, message, params }) => {
    const extra = params.additionalProperty ?? params.missingProperty
    const detail = typeof extra === 'string' ? `${message} (${extra})` : `${message}`
    return { pointer: `${prefix}${instancePath}`, detail }
  })
  const where = error.validationContext ?? 'request'
  return toProblem('invalid-request', `The ${where} does not fit its schema.`, instance, { errors })
}

const frameworkCodes: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_BAD_URL: 'invalid-request',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
}

const fromFramework = (error: FastifyError | Error, instance: string): Problem => {
  const frameworkCode = 'code' in error ? frameworkCodes[error.code] : undefined
  if (frameworkCode !== undefined) return toProblem(frameworkCode, error.message, instance)
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  return status >= 400 && status < 500
    ? toProblem('invalid-request', error.message, instance)
    : toProblem('internal-error', 'The fault is logged under the request id.', instance)
}
