// A refusal of the application on its way to the error handler of a route.
import type { Refused } from '../../../application/carts/command-request.ts'

export class RefusedError extends Error {
  readonly refused: Refused
  constructor(refused: Refused) {
    super(refused.message)
    this.name = 'RefusedError'
    this.refused = refused
  }
}
