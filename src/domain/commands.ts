// What a cart can be asked. Time, ids and the caller arrive with the command, so that deciding is pure.
import type { ItemId, JsonObject, Price } from './cart.ts'
import type { ErrorCode } from './errors.ts'
import type { HoldId, ReservationKey } from './reservation.ts'

export type AddItem = {
  readonly type: 'add-item'
  readonly productId: string
  readonly name: string | null
  readonly attributes: JsonObject
  readonly attributesKey: string
  readonly quantity: number
  /** What the catalogue says of the product; absent where any product may be added. */
  readonly sold?: Sold
}

export type Sold =
  | { readonly kind: 'yes'; readonly name: string | null; readonly price: Price | null }
  | {
      readonly kind: 'no'
      readonly code: Extract<
        ErrorCode,
        'product-not-found' | 'user-not-found' | 'catalog-unavailable'
      >
      readonly reason: string
    }

export type SetQuantity = {
  readonly type: 'set-quantity'
  readonly itemId: ItemId
  readonly quantity: number
}
export type RemoveItem = { readonly type: 'remove-item'; readonly itemId: ItemId }
export type ClearCart = { readonly type: 'clear-cart' }

/** What a shopper can do to the contents of a cart; several of them are one step. */
export type Operation = AddItem | SetQuantity | RemoveItem | ClearCart

/** What came of a call, or of the decision to stop calling. */
export type Outcome =
  | { readonly kind: 'reserved'; readonly holdId: HoldId }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly outcomeUnknown: boolean }
  /** The hold is given back. */
  | { readonly kind: 'released' }
  /** The request is called off: no hold was made, or none that anyone could find out about. */
  | { readonly kind: 'withdrawn' }

/** The kinds of a job: make a hold; find out whether one was made and undo it; give one back. */
export type JobKind = 'reserve' | 'cancel' | 'release'

export type RecordOutcome = {
  readonly type: 'record-outcome'
  readonly jobId: string
  readonly jobKind: JobKind
  readonly itemId: ItemId
  readonly key: ReservationKey
  readonly quantity: number
  readonly attempts: number
  readonly outcome: Outcome
}

export type RequeueJob = {
  readonly type: 'requeue-job'
  readonly jobId: string
  readonly jobKind: JobKind
  readonly itemId: ItemId
  readonly key: ReservationKey
}

export type Command = {
  readonly at: number
  /** Whoever caused it: the caller, `worker` or `operator`. */
  readonly actor: string
  /** Unique to this command; the ids of what it creates are derived from it. */
  readonly id: string
  /** Whether additions are reserved outside. */
  readonly reserving: boolean
} & (
  | Operation
  | { readonly type: 'run-operations'; readonly operations: readonly Operation[] }
  | { readonly type: 'reserve-item'; readonly itemId: ItemId }
  | RecordOutcome
  | RequeueJob
)

/** Ids of what one command creates, in sorted order: its own for the first, then numbered. */
export const idsOf = (command: { readonly id: string }): (() => string) => {
  let made = 0
  return () => {
    made += 1
    return made === 1 ? command.id : `${command.id}-${String(made).padStart(4, '0')}`
  }
}
