// Additions as reference 004 words them.
import type { Effect } from '../../../application/carts/command-request.ts'
import { type Addition, toAddition, toUnasked } from '../../../application/carts/list-additions.ts'
import { findItem } from '../../../domain/cart/cart.ts'

const words: Readonly<Record<Addition['status'], string>> = {
  waiting: 'PENDING',
  pending: 'PENDING',
  reserved: 'RESERVED',
  unavailable: 'UNAVAILABLE',
  failed: 'FAILED',
}

const toTime = (at: number): string => new Date(at).toISOString()

export const toAdditionView = (addition: Addition) => {
  const { id, productId, quantity, holdId, status, at, updatedAt } = addition
  return {
    id,
    name: productId,
    quantity,
    ...(holdId !== null && { reservation_id: holdId }),
    status: words[status],
    created_at: toTime(at),
    updated_at: toTime(updatedAt),
  }
}

/** What the addition made, or the waiting reservation that it joined, with its own units. */
export const additionText = ({ cart, events }: Effect): string => {
  const added = events.find((event) => event.type === 'item-added')
  const item = added && findItem(cart, added.itemId)
  if (added === undefined || item === undefined) throw new Error('an addition without an item')
  const reservation = item.reservations.find((r) => r.key === added.requested?.key)
  const addition = reservation === undefined ? toUnasked(item) : toAddition(item, reservation)
  return JSON.stringify(toAdditionView({ ...addition, quantity: added.quantity }))
}
