// What a request is told when it cannot be known whether a product is there.
import { CartError } from '../../../src/domain/errors.ts'

export const isCartError =
  (reason: RegExp) =>
  (error: unknown): boolean =>
    error instanceof CartError &&
    error.code === 'catalog-unavailable' &&
    /^The catalog did not answer \(.+\); try again\.$/.test(error.message) &&
    reason.test(error.message)
