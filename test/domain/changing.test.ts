import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ItemId } from '../../src/domain/ids.ts'
import { add, command, remove, run, set } from './commands.ts'
import {
  added,
  changed,
  confirmed,
  cup,
  failed,
  leaving,
  pending,
  refused,
  removed,
} from './facts.ts'
import { given, standing } from './given.ts'

const clear = command({ type: 'clear-cart' })

test('setting an item to its present quantity changes nothing', () => {
  given(added(5, pending('a', 5)))
    .when(command(set(5)))
    .changesNothing()
})

test('raising the quantity requests the difference', () => {
  given(added(5, pending('a', 5)))
    .when(command(set(8)))
    .gives(changed(8, { requested: pending('new', 3) }))
})

test('raising the quantity with reservations off requests nothing', () => {
  given(added(5, null))
    .when(command(set(8), { reserving: false }))
    .gives(changed(8, {}))
})

test('a quantity above 9,999 is refused', () => {
  given(added(5, null))
    .when(command(set(10_000)))
    .isRefused('quantity-limit')
  given(added(5, null))
    .when(command(set(9_999), { reserving: false }))
    .gives(changed(9_999, {}))
})

test('lowering the quantity drops the reservation of the difference', () => {
  given(added(5, pending('a', 5)), added(3, pending('b', 3)))
    .when(command(set(5)))
    .gives(changed(5, { letGo: [leaving('b', 3, 'pending')] }))
})

test('setting the quantity to zero removes the item', () => {
  given(added(5, pending('a', 5)))
    .when(command(set(0)))
    .gives(removed(5, [leaving('a', 5, 'pending')]))
})

test('setting, zeroing or removing an unknown item is refused', () => {
  for (const operation of [set(1, cup), set(0, cup), remove(cup)]) {
    given(added(5, null)).when(command(operation)).isRefused('item-not-found')
  }
})

test('removing an item releases, cancels or drops each of its reservations', () => {
  const cart = given(
    added(1, pending('a', 1)),
    confirmed('a'),
    added(2, pending('b', 2)),
    added(3, pending('c', 3)),
    refused('c'),
    added(4, pending('d', 4)),
    failed('d'),
    added(5, pending('e', 5)),
    failed('e', { outcomeUnknown: true }),
  ).when(command(remove()))
  assert.deepEqual(cart.jobs(), [
    {
      type: 'put',
      job: {
        id: 'a.release',
        kind: 'release',
        key: 'a',
        itemId: 'tea',
        quantity: 1,
        holdId: 'hold-a',
      },
    },
    { type: 'cancel', jobId: 'b' },
    { type: 'drop', jobId: 'd' },
    { type: 'cancel', jobId: 'e' },
  ])
  assert.deepEqual(cart.cart().items, [])
  assert.deepEqual(
    cart.cart().departing.map((d) => [d.key, d.state, d.holdId, d.quantity, d.since]),
    [
      ['a', 'releasing', 'hold-a', 1, 2_000],
      ['b', 'cancelled', null, 2, 2_000],
      ['e', 'cancelled', null, 5, 2_000],
    ],
  )
})

test('removing an item leaves the other items as they were', () => {
  const cart = given(added(1, pending('a', 1)), added(2, pending('b', 2), cup))
    .when(command(remove()))
    .cart()
  assert.deepEqual(
    cart.items.map((item) => standing(item)),
    [['b pending 2/2']],
  )
})

test('an item that was removed and added again is a new item', () => {
  const cart = given(added(2, pending('a', 2)), removed(2, [leaving('a', 2, 'pending')]))
    .when(command(add(1)))
    .cart()
  assert.deepEqual(
    cart.items.map((item) => [item.id, item.quantity]),
    [['new', 1]],
  )
})

test('clearing drops the reservations of every item, and changes nothing in an empty cart', () => {
  const cart = given(added(1, pending('a', 1)), confirmed('a'), added(2, pending('b', 2), cup))
  cart.when(clear).gives({
    type: 'cart-cleared',
    letGo: [leaving('a', 1, 'reserved'), leaving('b', 2, 'pending', { itemId: cup })],
  })
  assert.deepEqual(cart.when(clear).cart().items, [])
  assert.equal(cart.when(clear).cart().departing.length, 2)
  given().when(clear).changesNothing()
})

test('each operation of a command sees what the one before it left', () => {
  const cart = given(added(1, pending('a', 1)))
    .when(run(add(2), set(2), add(4, 'cup'), remove(), add(7)))
    .cart()
  assert.deepEqual(
    cart.items.map((item) => [item.productId, item.quantity]),
    [
      ['cup', 4],
      ['tea', 7],
    ],
  )
  assert.deepEqual(cart.departing.map((d) => d.key).sort(), ['a', 'new', 'new-0002'])
})

test('items and reservations that one command creates have different ids', () => {
  const cart = given()
    .when(run(add(1), add(1), add(1, 'cup'), add(1, 'pot')))
    .cart()
  const ids = cart.items.flatMap((item) => [item.id, ...item.reservations.map((r) => r.key)])
  assert.equal(new Set<string>(ids).size, 7)
})

test('when one operation is refused none takes effect', () => {
  const cart = given(added(9_000, null))
  cart.when(run(add(999), add(1))).isRefused('quantity-limit')
  cart.when(run(add(1, 'cup'), set(1, cup))).isRefused('item-not-found')
  cart.when(run({ type: 'clear-cart' }, set(1))).isRefused('item-not-found')
})

test('limits apply within a command: what one operation frees, the next one can use', () => {
  const full = Array.from({ length: 500 }, (_, n) => added(1, null, `i${n}` as ItemId))
  given(...full)
    .when(run(add(1, 'x')))
    .isRefused('items-limit')
  const swapped = given(...full).when(run(remove('i3' as ItemId), add(1, 'x')))
  assert.equal(swapped.cart().items.length, 500)
  given(...full.slice(1))
    .when(run(add(1, 'x'), add(1, 'y')))
    .isRefused('items-limit')
})

test('operations without effect change nothing', () => {
  given(added(5, null))
    .when(run(set(5), set(5)))
    .changesNothing()
  given().when(run()).changesNothing()
})
