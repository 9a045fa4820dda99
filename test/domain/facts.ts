// Builders of events, without their time.
import { canonicalText } from '../../src/domain/cart/canonical-json.ts'
import type { CartEvent } from '../../src/domain/cart/events.ts'
import type { JsonObject } from '../../src/domain/cart/item.ts'
import type { CartId, HoldId, ItemId, ReservationKey } from '../../src/domain/ids.ts'
import type { Leaving, Requested } from '../../src/domain/reservation/reservation.ts'

export const cartId = 'ada' as CartId
export const tea = 'tea' as ItemId
export const cup = 'cup' as ItemId

// Omit would make one type of the union; this keeps its members apart.
export type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type Fact = Without<CartEvent, 'at'>

export const key = (name: string): ReservationKey => name as ReservationKey
export const holdOf = (name: string): HoldId => `hold-${name}` as HoldId

export const pending = (name: string, quantity: number, replaces?: string): Requested => ({
  key: key(name),
  quantity,
  status: 'pending',
  replaces: replaces === undefined ? null : key(replaces),
})
export const waiting = (name: string, quantity: number): Requested => ({
  key: key(name),
  quantity,
  status: 'waiting',
  replaces: null,
})

export const leaving = (
  name: string,
  quantity: number,
  status: Leaving['status'],
  { itemId = tea, outcomeUnknown = false } = {},
): Leaving => {
  const holdId = status === 'reserved' ? holdOf(name) : null
  return { key: key(name), itemId, quantity, status, holdId, outcomeUnknown } as Leaving
}

export type Differently = {
  readonly productId?: string
  readonly name?: string
  readonly attributes?: JsonObject
}

export const added = (
  quantity: number,
  requested: Requested | null,
  itemId: ItemId = tea,
  { productId = itemId, name, attributes = {} }: Differently = {},
): Fact => ({
  type: 'item-added',
  itemId,
  productId,
  name: name ?? null,
  attributes,
  attributesKey: canonicalText(attributes),
  quantity,
  requested,
})

export const changed = (
  quantity: number,
  change: Partial<Extract<CartEvent, { type: 'item-quantity-changed' }>>,
): Fact => ({
  type: 'item-quantity-changed',
  itemId: tea,
  productId: 'tea',
  quantity,
  lowered: [],
  letGo: [],
  requested: null,
  ...change,
})

export const requested = (request: Requested, letGo: readonly Leaving[] = []): Fact => ({
  type: 'reservation-requested',
  itemId: tea,
  productId: 'tea',
  letGo,
  requested: request,
})

export const confirmed = (name: string, letGo: readonly Leaving[] = []): Fact => ({
  type: 'reservation-confirmed',
  itemId: tea,
  key: key(name),
  holdId: holdOf(name),
  attempts: 1,
  letGo,
})

export const refused = (name: string): Fact => ({
  type: 'reservation-refused',
  itemId: tea,
  key: key(name),
  reason: 'sold out',
  attempts: 1,
})

export const failed = (
  name: string,
  { outcomeUnknown = false, superseded = false } = {},
): Fact => ({
  type: 'reservation-failed',
  itemId: tea,
  key: key(name),
  reason: 'no answer',
  attempts: 1,
  outcomeUnknown,
  superseded,
})

export const removed = (quantity: number, letGo: readonly Leaving[]): Fact => ({
  type: 'item-removed',
  itemId: tea,
  productId: 'tea',
  quantity,
  letGo,
})

export const releaseRequested = (name: string, quantity: number, hold = holdOf(name)): Fact => ({
  type: 'release-requested',
  itemId: tea,
  key: key(name),
  quantity,
  holdId: hold,
})
