// A request that must be refused, and with which status.
import type { Asked } from '../../../support/http-service.ts'

export type BadRequest = Asked & {
  /** What is bad about it. */
  readonly why: string
  readonly method: string
  readonly url: string
  readonly status: number
}

export const cart = '/v1/cart/ann'
export const items = `${cart}/items`
/** An item that is there, and in a cart that no test may change. */
export const item = `${items}/known`

export const lamp = { product_id: 'lamp', quantity: 1 }
