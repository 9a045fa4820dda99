// A reservation service that the test controls: it sees every call and answers it when it wants.
import assert from 'node:assert/strict'
import type { HoldId, ReservationKey } from '../../src/domain/ids.ts'
import type {
  Grade,
  LookupResult,
  ReleaseResult,
  ReservationClient,
  ReserveRequest,
  ReserveResult,
} from '../../src/ports/reservation-client.ts'
import { until } from '../support/store-processes.ts'

type Answer = ReserveResult | ReleaseResult | LookupResult | readonly ReserveResult[]

export type Call = {
  readonly method: 'reserve' | 'batch' | 'release' | 'lookup'
  readonly keys: readonly ReservationKey[]
  readonly requests: readonly ReserveRequest[]
  readonly holdId: HoldId | null
  readonly signal: AbortSignal
  answer(answer: Answer): void
  fail(error: Error): void
}

export type Service = {
  readonly client: ReservationClient
  /** All calls so far, answered or not. */
  readonly calls: readonly Call[]
  readonly openCalls: () => readonly Call[]
  /** The call of this number, from 0, as soon as it comes. */
  call(number: number): Promise<Call>
  setBreaker(state: ReturnType<ReservationClient['breaker']>): void
  /** From now on calls are answered at once. */
  setReply(reply: (call: Call) => Answer): void
}

const lost = { kind: 'unknown', reason: 'broken off' } as const

export const openService = (grade: Grade = 'keyed'): Service => {
  const calls: Call[] = []
  const answered = new Set<Call>()
  let breaker: ReturnType<ReservationClient['breaker']> = 'closed'
  let reply: ((call: Call) => Answer) | null = null

  const open = <T>(about: Pick<Call, 'method' | 'keys' | 'signal'> & Partial<Call>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const done = (settle: () => void) => {
        answered.add(call)
        settle()
      }
      const call: Call = {
        requests: [],
        holdId: null,
        ...about,
        answer: (answer) => done(() => resolve(answer as T)),
        fail: (error) => done(() => reject(error)),
      }
      calls.push(call)
      const { signal, method, keys } = call
      signal.addEventListener('abort', () =>
        call.answer(method === 'batch' ? keys.map(() => lost) : lost),
      )
      if (reply !== null) call.answer(reply(call))
    })

  const client: ReservationClient = {
    grade,
    breaker: () => breaker,
    reserve: (request, signal) =>
      open({ method: 'reserve', keys: [request.key], requests: [request], signal }),
    reserveBatch: (requests, signal) =>
      open({ method: 'batch', keys: requests.map(({ key }) => key), requests, signal }),
    release: (key, holdId, signal) => open({ method: 'release', keys: [key], holdId, signal }),
    lookup: (key, signal) => open({ method: 'lookup', keys: [key], signal }),
    [Symbol.asyncDispose]: async () => {},
  }
  return {
    client,
    calls,
    openCalls: () => calls.filter((call) => !answered.has(call)),
    call: async (number) => {
      await until(`call ${number} comes`, () => calls.length > number)
      const call = calls[number]
      assert.ok(call)
      return call
    },
    setBreaker: (state) => {
      breaker = state
    },
    setReply: (next) => {
      reply = next
      for (const call of calls) if (!answered.has(call)) call.answer(next(call))
    },
  }
}

export const holdOf = (key: string) => `hold of ${key}` as HoldId

/** As an honest service with all in stock would answer. */
export const honest = (call: Call): Answer => {
  switch (call.method) {
    case 'reserve':
      return { kind: 'reserved', holdId: holdOf(call.keys[0] ?? '') }
    case 'batch':
      return call.keys.map((key) => ({ kind: 'reserved', holdId: holdOf(key) }))
    case 'release':
      return { kind: 'released' }
    case 'lookup':
      return { kind: 'missing' }
    default:
      return call.method satisfies never
  }
}

export const again = (differently: Partial<Extract<ReserveResult, { kind: 'again' }>> = {}) =>
  ({ kind: 'again', reason: '503', retryAfterMs: 0, inDoubt: false, ...differently }) as const
export const unknown = { kind: 'unknown', reason: 'reset' } as const
