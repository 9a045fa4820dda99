import assert from 'node:assert/strict'
import { test } from 'node:test'
import { command, set } from './commands.ts'
import {
  added,
  changed,
  confirmed,
  failed,
  key,
  leaving,
  pending,
  refused,
  requested,
  waiting,
} from './facts.ts'
import { given, standing } from './given.ts'

// One unit of each standing, but two each of pending and reserved, the newer one named with a 2.
const mixed = () => [
  added(1, pending('held', 1)),
  confirmed('held'),
  added(1, pending('held2', 1)),
  confirmed('held2'),
  added(1, pending('gone', 1)),
  refused('gone'),
  added(1, pending('dead', 1)),
  failed('dead'),
  ...Array.from({ length: 8 }, (_, n) => added(1, pending(`open${n}`, 1))),
  added(1, waiting('later', 1)),
  added(1, null),
]

const leftAfter = (quantity: number): readonly string[] => {
  const item = given(...mixed())
    .when(command(set(quantity)))
    .item()
  assert.equal(item.quantity, quantity)
  return item.reservations.map((r) => r.key)
}
const open = (count: number) => Array.from({ length: count }, (_, n) => `open${n}`)

test('units that nobody asked for go first', () => {
  const all = ['held', 'held2', 'gone', 'dead', ...open(8), 'later']
  assert.deepEqual(leftAfter(13), all)
})

test('then what holds nothing goes: refused and failed, the newest first', () => {
  assert.deepEqual(leftAfter(12), ['held', 'held2', 'gone', ...open(8), 'later'])
  assert.deepEqual(leftAfter(11), ['held', 'held2', ...open(8), 'later'])
})

test('then what waits goes', () => {
  assert.deepEqual(leftAfter(10), ['held', 'held2', ...open(8)])
})

test('then the newest pending goes', () => {
  assert.deepEqual(leftAfter(9), ['held', 'held2', ...open(7)])
  assert.deepEqual(leftAfter(2), ['held', 'held2'])
})

test('then the newest reserved goes', () => {
  assert.deepEqual(leftAfter(1), ['held'])
})

test('a part of what waits goes without a new request', () => {
  const eight = Array.from({ length: 8 }, (_, n) => added(1, pending(`r${n}`, 1)))
  const lowered = given(...eight, added(5, waiting('w', 5))).when(command(set(10)))
  lowered.gives(changed(10, { lowered: [{ key: key('w'), wanted: 2 }] }))
  assert.equal(standing(lowered.item()).at(-1), 'w waiting 2/2')
})

test('a part of a refusal goes without a new request', () => {
  const lowered = given(added(5, pending('a', 5)), refused('a')).when(command(set(2)))
  lowered.gives(changed(2, { lowered: [{ key: key('a'), wanted: 2 }] }))
  assert.deepEqual(standing(lowered.item()), ['a unavailable 2/5'])
})

test('a part of a hold stays until a smaller one is had', () => {
  const lowered = given(added(5, pending('a', 5)), confirmed('a')).when(command(set(3)))
  lowered.gives(
    changed(3, { lowered: [{ key: key('a'), wanted: 3 }] }),
    requested(pending('new', 3, 'a')),
  )
  assert.deepEqual(standing(lowered.item()), ['a reserved 3/5', 'new pending 0/3'])
  assert.deepEqual(lowered.cart().departing, [])
})

test('a part of a pending reservation stays until a smaller one is had', () => {
  given(added(5, pending('a', 5)))
    .when(command(set(3)))
    .gives(
      changed(3, { lowered: [{ key: key('a'), wanted: 3 }] }),
      requested(pending('new', 3, 'a')),
    )
})

test('lowering goes through several reservations and stops within one', () => {
  given(added(5, pending('a', 5)), confirmed('a'), added(2, pending('b', 2)))
    .when(command(set(4)))
    .gives(
      changed(4, {
        lowered: [{ key: key('a'), wanted: 4 }],
        letGo: [leaving('b', 2, 'pending')],
      }),
      requested(pending('new', 4, 'a')),
    )
})

test('the place of a pending reservation that goes is used for what waits', () => {
  const seven = Array.from({ length: 7 }, (_, n) => added(1, pending(`r${n}`, 1)))
  const cart = given(...seven, added(9, pending('big', 9)), added(1, waiting('w', 1)))
  const item = cart.when(command(set(4))).item()
  assert.deepEqual(
    standing(item),
    open(4).map((_, n) => `r${n} pending 1/1`),
  )
  // The whole waiting unit goes first, then all of `big`, so nothing is left to start.
  assert.equal(cart.when(command(set(16))).item().reservations.length, 8)
})

test('with reservations off a larger hold just stays', () => {
  const lowered = given(added(5, pending('a', 5)), confirmed('a')).when(
    command(set(3), { reserving: false }),
  )
  lowered.gives(changed(3, { lowered: [{ key: key('a'), wanted: 3 }] }))
})
