// The slow service outside. A call may take minutes and never throws: whatever happened is an answer.
import type { HoldId, ReservationKey } from '../domain/ids.ts'

export type ReserveRequest = {
  readonly key: ReservationKey
  readonly productId: string
  readonly quantity: number
}

export type ReserveResult =
  | { readonly kind: 'reserved'; readonly holdId: HoldId }
  /** The service has none to give. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It will answer this request the same way for ever; an operator must look. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** A complete answer that asks to come again. `inDoubt`: it may have been carried out all the same. */
  | {
      readonly kind: 'again'
      readonly reason: string
      readonly retryAfterMs: number
      readonly inDoubt: boolean
    }
  /** The request may have been carried out; its answer was lost. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** Certainly not carried out: no connection, or the circuit breaker is open. */
  | { readonly kind: 'unsent'; readonly reason: string; readonly retryAfterMs: number }

export type ReleaseResult =
  | { readonly kind: 'released' }
  | Exclude<ReserveResult, { readonly kind: 'reserved' | 'refused' }>

export type LookupResult =
  | { readonly kind: 'found'; readonly holdId: HoldId }
  | { readonly kind: 'missing' }
  | Exclude<ReserveResult, { readonly kind: 'reserved' | 'refused' }>

/** What the service does with a request that comes twice; see README, guarantees. */
export type Grade = 'keyed' | 'lookup' | 'bare'

export interface ReservationClient extends AsyncDisposable {
  readonly grade: Grade
  /** While `open`, calls are answered `unsent` without being made. */
  breaker(): 'closed' | 'open' | 'half-open'
  reserve(request: ReserveRequest, signal: AbortSignal): Promise<ReserveResult>
  /** One call for many; the results in the order of the requests. */
  reserveBatch(
    requests: readonly ReserveRequest[],
    signal: AbortSignal,
  ): Promise<readonly ReserveResult[]>
  release(key: ReservationKey, holdId: HoldId, signal: AbortSignal): Promise<ReleaseResult>
  /** Grade `lookup` only: the hold made under this key, if any. */
  lookup(key: ReservationKey, signal: AbortSignal): Promise<LookupResult>
}
