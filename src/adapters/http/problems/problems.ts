// Errors on the wire: RFC 9457 problem documents. Only here an error gets a status.
import type { ErrorCode } from '../../../domain/errors.ts'
import type { FieldError, RequestErrorCode } from './request-error.ts'

export type ProblemCode = ErrorCode | RequestErrorCode

type Kind = { readonly status: number; readonly title: string; readonly retryAfterSeconds?: number }

const kinds: Readonly<Record<ProblemCode, Kind>> = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'route-not-found': { status: 404, title: 'No such resource' },
  'cart-empty': { status: 404, title: 'The cart has no items' },
  'item-not-found': { status: 404, title: 'No such item' },
  'product-not-found': { status: 404, title: 'No such product' },
  'user-not-found': { status: 404, title: 'No such user' },
  'job-not-found': { status: 404, title: 'No such job' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'item-busy': { status: 409, title: 'Too many reservations of the item are under way' },
  'departing-limit': { status: 409, title: 'Too many reservations are being released' },
  'reservations-off': { status: 409, title: 'Reservations are switched off' },
  'lease-lost': { status: 409, title: 'The job has gone to another worker' },
  'version-stale': { status: 412, title: 'The cart has changed' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  'items-limit': { status: 422, title: 'The cart is full' },
  'quantity-limit': { status: 422, title: 'The quantity is too high' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used before' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong here' },
  'cart-busy': { status: 503, title: 'The cart is busy', retryAfterSeconds: 1 },
  overloaded: { status: 503, title: 'The service is overloaded', retryAfterSeconds: 1 },
  withdrawn: { status: 503, title: 'The client was gone', retryAfterSeconds: 1 },
  'store-unavailable': { status: 503, title: 'The store is unavailable', retryAfterSeconds: 2 },
  'catalog-unavailable': { status: 503, title: 'The catalog is unavailable', retryAfterSeconds: 2 },
}

// What a caller sent is not sent back at length.
const echoedMax = 300
const clip = (text: string): string =>
  text.length <= echoedMax ? text : `${text.slice(0, echoedMax).toWellFormed()}…`

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
