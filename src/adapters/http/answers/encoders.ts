// The texts of the answers to changes, each under the name by which a change asks for it. They are kept for
// repeats, so what a name stands for must stay readable to clients of earlier versions.
import type { Effect, Encoder } from '../../../application/carts/command-request.ts'
import { findItem } from '../../../domain/cart/cart.ts'
import type { Item } from '../../../domain/cart/item.ts'
import { additionText } from './addition-text.ts'
import { toCartText, toMinimalText } from './cart-text.ts'
import { quantitiesIn } from './quantities.ts'

const touchedItem = ({ cart, itemId }: Effect): Item | undefined =>
  itemId === null ? undefined : findItem(cart, itemId)

const constant = (body: object): Encoder => {
  const text = JSON.stringify(body)
  return () => text
}

/** Of reference 001: how many units of the product the cart has now. */
const productText: Encoder = ({ cart, events }) => {
  const productId = events.find((event) => event.type === 'item-added')?.productId ?? ''
  const quantity = quantitiesIn(cart).get(productId)
  return JSON.stringify({ user_id: cart.id, product_id: productId, quantity })
}

/** What became of a job that was requeued: nothing may wait for it any more. */
const requeueText: Encoder = ({ command, events }) =>
  JSON.stringify({
    id: command.type === 'requeue-job' ? command.jobId : null,
    result: events.length > 0 ? 'requeued' : 'dropped',
  })

export const encoders = {
  cart: ({ cart }) => toCartText(cart),
  /** The touched item only: the size of the answer does not grow with the cart. */
  minimal: (effect) => toMinimalText(effect.cart, touchedItem(effect)),
  requeued: requeueText,
  'added-000': constant({ message: 'Item added to cart successfully' }),
  'deleted-000': constant({ message: 'Cart deleted successfully', msg: 'All cart items deleted' }),
  'added-001': productText,
  'deleted-001': constant({ msg: 'All cart items deleted' }),
  'added-002': constant({ msg: 'Item added to cart' }),
  'added-004': additionText,
} as const satisfies Readonly<Record<string, Encoder>>

export type AnswerForm = keyof typeof encoders
