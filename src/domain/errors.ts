// Refusals of the domain and the application: a closed list of codes, without HTTP in it.

export type ErrorCode =
  | 'item-not-found'
  | 'product-not-found'
  | 'user-not-found'
  | 'job-not-found'
  | 'version-stale'
  | 'cart-empty'
  | 'items-limit'
  | 'quantity-limit'
  | 'departing-limit'
  | 'item-busy'
  | 'reservations-off'
  | 'idempotency-key-reused'
  | 'cart-busy'
  /** It waited too long to be decided; it had no effect. */
  | 'overloaded'
  /** Its client was gone before it was decided; it had no effect. */
  | 'withdrawn'
  /** The job went to another worker, which finds out the same; this result has no effect. */
  | 'lease-lost'
  /** It is not known whether the command took effect; a repeat with the same key is safe. */
  | 'store-unavailable'
  | 'catalog-unavailable'

/** A request was understood and refused; nothing changed. `message` is meant for the caller. */
export class CartError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CartError'
    this.code = code
  }
}
