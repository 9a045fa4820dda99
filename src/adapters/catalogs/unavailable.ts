// What a request is told when the catalogue does not answer.
import { CartError } from '../../domain/errors.ts'

export const unavailable = (error: unknown): CartError => {
  if (error instanceof CartError) return error
  const reason = error instanceof Error && error.message !== '' ? error.message : String(error)
  const message = `The catalogue did not answer (${reason.slice(0, 200)}); try again.`
  return new CartError('catalog-unavailable', message, { cause: error })
}
