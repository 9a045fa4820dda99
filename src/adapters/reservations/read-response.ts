// What an answer of the reservation service means. From the table in docs/reservation-service.md.
import type { HoldId } from '../../domain/ids.ts'
import type { ReserveResult } from '../../ports/reservation-client.ts'

export type ServiceResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const refusals: ReadonlySet<number> = new Set([409, 410, 422])
const rejections: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 415, 501])
// The service says that it did not look at the request.
const untouched: ReadonlySet<number> = new Set([425, 429])

export const readReserveAnswer = (answer: ServiceResponse): ReserveResult => {
  if (!isSuccess(answer.status)) return readTrouble(answer)
  const holdId = toHoldId(memberOf(parse(answer.body), 'reservation_id'))
  return holdId === null
    ? { kind: 'unknown', reason: `answered ${answer.status} without a readable reservation_id` }
    : { kind: 'reserved', holdId }
}

export const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** A status that is not a success, by itself or as the outcome of one reservation of a batch. */
export const readTrouble = ({ status, headers }: Pick<ServiceResponse, 'status' | 'headers'>) => {
  const reason = `answered ${status}`
  if (refusals.has(status)) return { kind: 'refused', reason } as const
  if (rejections.has(status)) return { kind: 'rejected', reason } as const
  const retryAfterMs = readRetryAfter(headers['retry-after'])
  return { kind: 'again', reason, retryAfterMs, inDoubt: !untouched.has(status) } as const
}

/** `{"results": [{reference, reservation_id} | {reference, error: {status}}]}`, by reference. */
export const readBatchAnswer = (
  answer: ServiceResponse,
  keys: readonly string[],
): readonly ReserveResult[] => {
  if (!isSuccess(answer.status)) {
    const trouble = readTrouble(answer)
    return keys.map(() => trouble)
  }
  const results = memberOf(parse(answer.body), 'results')
  const byReference = new Map(
    (Array.isArray(results) ? results : []).map((r) => [memberOf(r, 'reference'), r as unknown]),
  )
  return keys.map((key) => readResult(byReference.get(key)))
}

const readResult = (result: unknown): ReserveResult => {
  const holdId = toHoldId(memberOf(result, 'reservation_id'))
  if (holdId !== null) return { kind: 'reserved', holdId }
  const status = memberOf(memberOf(result, 'error'), 'status')
  return typeof status === 'number' && !isSuccess(status)
    ? readTrouble({ status, headers: {} })
    : { kind: 'unknown', reason: 'not in the answer to the batch' }
}

export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text, keepDigits)
  } catch {
    // Not readable is an answer too: the caller sees that nothing is in it.
    return undefined
  }
}

// Ids of 64 bits are common; as a number, one would lose its last digits and name another hold.
const keepDigits = (_name: string, value: unknown, context?: { readonly source?: string }) =>
  Number.isInteger(value) && !Number.isSafeInteger(value) ? (context?.source ?? value) : value

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined

/** A number or a non-empty string of at most 256 printable characters; kept as a string. */
export const toHoldId = (value: unknown): HoldId | null => {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value) as HoldId
  return typeof value === 'string' && /^[^\p{Cc}\p{Cs}]{1,256}$/u.test(value)
    ? (value as HoldId)
    : null
}

// A day: a longer Retry-After is taken for a mistake of the service.
const retryAfterMaxMs = 86_400_000

/** Seconds or a date, RFC 9110 section 10.2.3; 0 when there is none. */
const readRetryAfter = (header: string | string[] | undefined): number => {
  if (typeof header !== 'string') return 0
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), retryAfterMaxMs) : 0
}
