// Refusals of the domain and the application: a closed list of codes, without HTTP in it.

export type ErrorCode =
  | 'item-not-found'
  | 'product-not-found'
  | 'user-not-found'
  | 'job-not-found'
  | 'version-stale'
  | 'items-limit'
  | 'quantity-limit'
  | 'departing-limit'
  | 'item-busy'
  | 'reservations-off'
  | 'idempotency-key-reused'
  | 'cart-busy'
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
