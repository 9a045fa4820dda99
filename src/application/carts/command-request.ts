// What a cart is asked and what comes of it: plain data, so that both could cross a thread or a wire.
import type { Cart } from '../../domain/cart/cart.ts'
import type { Command } from '../../domain/cart/commands.ts'
import type { CartEvent } from '../../domain/cart/events.ts'
import type { ErrorCode } from '../../domain/errors.ts'
import type { CartId, ItemId } from '../../domain/ids.ts'
import type { Answer, Lease } from '../../ports/store.ts'

export type CommandRequest = {
  readonly cartId: CartId
  readonly command: Command
  /** If-Match: versions the caller would accept, `any` for a cart that was written before. */
  readonly expected: readonly number[] | 'any' | null
  /** An Idempotency-Key: a repeat gets the same answer and has no further effect. */
  readonly repeatable: Pick<Answer, 'caller' | 'key' | 'fingerprint'> | null
  /** The result counts only while the worker has the job. */
  readonly lease: Lease | null
  /** Names the encoder that makes the text of the answer; null when no text is wanted. */
  readonly form: string | null
  /** Epoch milliseconds: it is refused when its turn comes later; null waits for as long as it takes. */
  readonly decideBy: number | null
}

/** It took effect, or changed nothing; what is said of it is durable. */
export type Changed = {
  readonly kind: 'changed'
  readonly version: number
  readonly revision: number
  readonly itemId: ItemId | null
  /** Made by the encoder of this name; of a repeat, by that of the first request. */
  readonly form: string | null
  readonly text: string | null
  readonly isRepeat: boolean
}

/** Nothing changed. Only after `store-unavailable` it is not known whether something did. */
export type Refused = {
  readonly kind: 'refused'
  readonly code: ErrorCode
  /** Meant for the caller. */
  readonly message: string
  /** With `version-stale`: the cart as it is, in the form `cart`. */
  readonly cart?: string
}

export type CommandResult = Changed | Refused

export const refused = (code: ErrorCode, message: string): Refused => ({
  kind: 'refused',
  code,
  message,
})

/** What a command did, for the encoder of its answer. */
export type Effect = {
  readonly command: Command
  readonly cart: Cart
  readonly events: readonly CartEvent[]
  readonly itemId: ItemId | null
}

/** Makes the text of an answer. It can neither refuse nor veto: what it throws is a defect. */
export type Encoder = (effect: Effect) => string

/** By form. `cart` is the cart as a whole. */
export type Encoders = Readonly<Record<string, Encoder>> & { readonly cart: Encoder }
