// The error of a request when it cannot be found out whether a product exists.
import { CartError } from '../../../src/domain/errors.ts'

export const isCartError =
  (reason: RegExp) =>
  (error: unknown): boolean =>
    error instanceof CartError &&
    error.code === 'catalog-unavailable' &&
    /^The catalog did not answer \(.+\); try again\.$/.test(error.message) &&
    reason.test(error.message)
