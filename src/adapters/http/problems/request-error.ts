// What is wrong with a request as such, before a cart is looked at.

export type RequestErrorCode =
  | 'invalid-request'
  | 'route-not-found'
  | 'method-not-allowed'
  | 'body-too-large'
  | 'unsupported-media-type'
  | 'headers-too-large'
  | 'request-timeout'
  | 'internal-error'

export type FieldError = { readonly pointer: string; readonly detail: string }

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
