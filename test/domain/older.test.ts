import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cart } from '../../src/domain/cart/cart.ts'
import type { Command } from '../../src/domain/cart/commands.ts'
import { applyEvents } from '../../src/domain/cart/evolve.ts'
import { coverageOf, summaryOf } from '../../src/domain/cart/item.ts'
import { olderNeeded, spill, withOlder } from '../../src/domain/cart/older.ts'
import { limits } from '../../src/domain/limits.ts'
import type { Reservation } from '../../src/domain/reservation/reservation.ts'
import {
  add,
  command,
  outcomeOf,
  remove,
  requeue,
  reserve,
  reserved,
  run,
  set,
  soldOut,
} from './commands.ts'
import {
  added,
  changed,
  confirmed,
  cup,
  type Fact,
  failed,
  key,
  pending,
  refused,
  requested,
  tea,
} from './facts.ts'
import { cartAfter, given, givenCart, itemIn, standing } from './given.ts'

const name = (n: number): string => `r${String(n).padStart(2, '0')}`

/** Settled reservations r00, r01… of one unit: every fifth refused, the others reserved. */
const settled = (count: number): readonly Fact[] =>
  Array.from({ length: count }, (_, n) => [
    added(1, pending(name(n), 1)),
    n % 5 === 4 ? refused(name(n)) : confirmed(name(n)),
  ]).flat()

type Stored = { readonly cart: Cart; readonly older: readonly Reservation[] }

/** As a store has it: the cart without the earliest settled reservations of its tea. */
const stored = (...facts: readonly Fact[]): Stored => {
  const cart = cartAfter(...facts)
  const { item, older } = spill(itemIn(cart))
  return { cart: { ...cart, items: cart.items.map((i) => (i.id === tea ? item : i)) }, older }
}

const whenComplete = ({ cart, older }: Stored, asked: Command) =>
  givenCart(
    olderNeeded(cart, asked).reduce((c, id) => withOlder(c, id, id === tea ? older : []), cart),
  ).when(asked)

test('the latest 20 settled reservations stay with their item, earlier ones are stored apart', () => {
  assert.deepEqual(stored(...settled(20)).older, [])
  const { cart, older } = stored(...settled(27))
  assert.deepEqual(
    older.map((r) => r.key),
    [0, 1, 2, 3, 4, 5, 6].map(name),
  )
  const item = itemIn(cart)
  assert.equal(item.reservations.length, limits.settledWithItem)
  assert.deepEqual(item.older, { count: 7, reserved: 6, unavailable: 1, failed: 0 })
})

test('reservations that are stored apart still count for their item', () => {
  const whole = itemIn(cartAfter(...settled(27)))
  const item = itemIn(stored(...settled(27)).cart)
  assert.deepEqual(coverageOf(item), coverageOf(whole))
  assert.deepEqual(coverageOf(item), {
    reserved: 22,
    underWay: 0,
    unavailable: 5,
    failed: 0,
    uncovered: 0,
  })
})

test('spilling again stores the next reservations apart and adds them to the counts', () => {
  const { cart } = stored(...settled(27))
  const more = [added(2, pending('x', 2)), failed('x'), added(1, pending('y', 1)), confirmed('y')]
  const later = more.reduce((c, fact) => applyEvents(c, [{ ...fact, at: 1 } as never], 1), cart)
  const { item, older } = spill(itemIn(later))
  assert.deepEqual(
    older.map((r) => r.key),
    [name(7), name(8)],
  )
  assert.deepEqual(item.older, { count: 9, reserved: 8, unavailable: 1, failed: 0 })
})

test('a reservation that is under way or waits for a smaller hold is never stored apart', () => {
  const facts = [
    added(1, pending('open', 1)),
    added(5, pending('large', 5)),
    confirmed('large'),
    changed(4, { lowered: [{ key: key('large'), wanted: 3 }] }),
    requested(pending('small', 3, 'large')),
    ...settled(23),
  ]
  const { cart, older } = stored(...facts)
  assert.deepEqual(
    older.map((r) => r.key),
    [0, 1, 2].map(name),
  )
  assert.deepEqual(standing(itemIn(cart)).slice(0, 3), [
    'open pending 1/1',
    'large reserved 3/5',
    'small pending 0/3',
  ])
})

test('an item with its stored reservations loaded is what it was before they were spilled', () => {
  const whole = cartAfter(...settled(30), added(1, null, cup))
  const { cart, older } = stored(...settled(30), added(1, null, cup))
  assert.deepEqual(withOlder(cart, tea, older), whole)
})

test('loading the stored reservations of an item twice adds them once', () => {
  const { cart, older } = stored(...settled(30))
  const once = withOlder(cart, tea, older)
  assert.deepEqual(withOlder(once, tea, older), once)
})

test('stored reservations are needed by commands that may touch them, not by an addition', () => {
  const { cart } = stored(...settled(25), added(1, null, cup))
  const clear = { type: 'clear-cart' } as const
  const needed = [set(1), set(0), remove(), clear].map((o) => command(o))
  const outcomes = [outcomeOf(name(2), reserved(name(2))), outcomeOf('never', soldOut)]
  for (const asked of [...needed, ...outcomes, reserve(), requeue(name(2))]) {
    assert.deepEqual(olderNeeded(cart, asked), [tea], JSON.stringify(asked))
  }
  assert.deepEqual(olderNeeded(cart, run(add(1), set(2))), [tea])
  assert.deepEqual(olderNeeded(cart, run(add(1), clear)), [tea])
  const beside = outcomeOf(name(24), reserved(name(24)))
  const others = [command(add(1)), command(set(2, cup)), reserve(cup), run(add(1), set(2, cup))]
  for (const asked of [...others, beside]) assert.deepEqual(olderNeeded(cart, asked), [])
  assert.deepEqual(olderNeeded(cartAfter(...settled(20)), command(clear)), [])
})

test('removing an item drops its stored reservations too', () => {
  const facts = settled(30)
  const whole = given(...facts).when(command(remove()))
  const apart = whenComplete(stored(...facts), command(remove()))
  assert.deepEqual(apart.events(), whole.events())
  assert.equal(apart.cart().departing.length, 24)
})

test('lowering an item drops stored reservations too', () => {
  const { older, ...rest } = stored(...settled(30))
  const item = whenComplete({ older, ...rest }, command(set(2))).item()
  assert.deepEqual(standing(item), ['r00 reserved 1/1', 'r01 reserved 1/1'])
})

test('requesting an item again includes its stored refusals', () => {
  const apart = whenComplete(stored(...settled(30)), reserve())
  assert.deepEqual(
    apart.events(),
    given(...settled(30))
      .when(reserve())
      .events(),
  )
  assert.equal(apart.item().reservations.at(-1)?.quantity, 6)
})

test('a repeated success of a stored reservation changes nothing', () => {
  whenComplete(stored(...settled(30)), outcomeOf(name(2), reserved(name(2)))).changesNothing()
})

test('a stored failed reservation can be requeued, and can succeed late', () => {
  const cart = stored(added(1, pending('a', 1)), failed('a'), ...settled(25))
  assert.equal(cart.older[0]?.key, 'a')
  assert.equal(whenComplete(cart, requeue('a')).item().reservations[0]?.status, 'pending')
  const late = whenComplete(cart, outcomeOf('a', reserved('a')))
  assert.equal(late.item().reservations[0]?.status, 'reserved')
})

test('the reservations of an item are summed up in one status', () => {
  const none = { reserved: 0, underWay: 0, unavailable: 0, failed: 0, uncovered: 0 }
  const statusOf = (coverage: Partial<typeof none>) => summaryOf({ ...none, ...coverage }, 4)
  assert.equal(statusOf({ reserved: 4 }), 'reserved')
  assert.equal(statusOf({ reserved: 3, underWay: 1 }), 'pending')
  assert.equal(statusOf({ reserved: 3, failed: 1 }), 'partially_reserved')
  assert.equal(statusOf({ reserved: 3, uncovered: 1 }), 'partially_reserved')
  assert.equal(statusOf({ unavailable: 4 }), 'unavailable')
  assert.equal(statusOf({ unavailable: 3, failed: 1 }), 'failed')
  assert.equal(statusOf({ uncovered: 4 }), 'none')
})
