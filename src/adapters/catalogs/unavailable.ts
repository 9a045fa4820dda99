// The error of a request when the catalog does not answer.
import { CartError } from '../../domain/errors.ts'
import { reasonOf } from '../../platform/reason-of.ts'

export const unavailable = (error: unknown): CartError => {
  if (error instanceof CartError) return error
  const message = `The catalog did not answer (${reasonOf(error).slice(0, 200)}); try again.`
  return new CartError('catalog-unavailable', message, { cause: error })
}
