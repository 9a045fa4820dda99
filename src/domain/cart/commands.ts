// What a cart can be asked. Time, ids and the caller arrive with the command, so that deciding is pure.
import type { ErrorCode } from '../errors.ts'
import type { ItemId, ReservationKey } from '../ids.ts'
import type { JobKind, JobOutcome } from '../reservation/job.ts'
import type { ItemDetails, Price } from './item.ts'

export type AddItem = ItemDetails & {
  readonly type: 'add-item'
  readonly quantity: number
  /** What the catalog says of the product; absent where any product may be added. */
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
export type ClearCart = {
  readonly type: 'clear-cart'
  /** Whether a cart without items is refused; left out, it stays as it is. */
  readonly whenEmpty?: 'refuse'
}

/** What a shopper can do to the contents of a cart; several of them are one step. */
export type Operation = AddItem | SetQuantity | RemoveItem | ClearCart

/** What came of a job's call, or of the decision to stop calling. */
export type RecordOutcome = {
  readonly type: 'record-outcome'
  readonly jobId: string
  readonly key: ReservationKey
  readonly itemId: ItemId
  readonly quantity: number
  readonly attempts: number
} & JobOutcome

export type RequeueJob = {
  readonly type: 'requeue-job'
  readonly jobId: string
  readonly jobKind: JobKind
  readonly itemId: ItemId
  readonly key: ReservationKey
}

/** A command as its sender words it. */
export type Intent =
  | Operation
  | { readonly type: 'run-operations'; readonly operations: readonly Operation[] }
  | { readonly type: 'reserve-item'; readonly itemId: ItemId }
  | RecordOutcome
  | RequeueJob

/** What is stamped on an intent. */
export type Stamp = {
  /** Epoch milliseconds. */
  readonly at: number
  /** The caller, `worker` or `operator`. */
  readonly actor: string
  /** Unique to this command; the ids of what it creates are derived from it. */
  readonly id: string
  /** Whether additions are reserved outside. */
  readonly reserving: boolean
}

export type Command = Stamp & Intent

/** Ids of what one command creates, in sorted order: its own for the first, then numbered. */
export const idsOf = (command: { readonly id: string }): (() => string) => {
  let made = 0
  return () => {
    made += 1
    return made === 1 ? command.id : `${command.id}-${String(made).padStart(4, '0')}`
  }
}

/** The item that a command names or, in a step of several, none. */
export const itemNamedBy = (command: Intent): ItemId | null =>
  'itemId' in command ? command.itemId : null
