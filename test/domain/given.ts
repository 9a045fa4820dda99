// Given what happened, when a command comes, then these events, this refusal, cart, jobs.
// What is given happened `earlier`, the rest is `now`.
import assert from 'node:assert/strict'
import { type Cart, emptyCart, findItem } from '../../src/domain/cart/cart.ts'
import type { Command } from '../../src/domain/cart/commands.ts'
import { decide } from '../../src/domain/cart/decide.ts'
import type { CartEvent } from '../../src/domain/cart/events.ts'
import { applyEvents } from '../../src/domain/cart/evolve.ts'
import type { Item } from '../../src/domain/cart/item.ts'
import { type JobEffect, react } from '../../src/domain/cart/react.ts'
import { CartError, type ErrorCode } from '../../src/domain/errors.ts'
import type { ItemId } from '../../src/domain/ids.ts'
import { type FlatReservation, toFlat } from '../support/flat-reservation.ts'
import { cartId, type Fact, tea } from './facts.ts'

export const earlier = 1_000
export const now = 2_000

export const at = (time: number, facts: readonly Fact[]): CartEvent[] =>
  facts.map((fact) => ({ ...fact, at: time }) as CartEvent)

/** Freezes all of it, so that changing it in place throws. */
export const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) freeze(part)
  }
  return value
}

export const cartAfter = (...facts: readonly Fact[]): Cart =>
  at(earlier, facts).reduce((cart, event) => applyEvents(cart, [event], earlier), emptyCart(cartId))

export const given = (...facts: readonly Fact[]) => givenCart(cartAfter(...facts))

export const givenCart = (cart: Cart) => ({
  cart,
  when: (command: Command) => when(freeze(cart), command),
})

const when = (cart: Cart, command: Command) => {
  const events = (): readonly CartEvent[] => decide(cart, command)
  return {
    events,
    gives: (...facts: readonly Fact[]) => assert.deepEqual(events(), at(now, facts)),
    changesNothing: () => assert.deepEqual(events(), []),
    isRefused: (code: ErrorCode) =>
      assert.throws(events, (e) => e instanceof CartError && e.code === code),
    cart: (): Cart => applyEvents(cart, events(), command.at),
    item: (id: ItemId = tea): Item => itemIn(applyEvents(cart, events(), command.at), id),
    jobs: (): readonly JobEffect[] => events().flatMap(react),
  }
}

export const itemIn = (cart: Cart, id: ItemId = tea): Item => {
  const item = findItem(cart, id)
  assert.ok(item, `the cart has an item ${id}`)
  return item
}

/** The reservations of an item in their order: key, status and wanted of quantity. */
export const standing = (item: Item): readonly string[] =>
  item.reservations.map((r) => `${r.key} ${r.status} ${r.wanted}/${r.quantity}`)

export const reservationOf = (item: Item, name: string): FlatReservation => {
  const reservation = item.reservations.find((r) => r.key === name)
  assert.ok(reservation, `the item has a reservation ${name}`)
  return toFlat(reservation)
}
