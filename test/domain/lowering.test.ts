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

// One unit in each status, but two reserved, the newer one named with a 2, and eight pending.
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

test('lowering first drops units without a reservation', () => {
  const all = ['held', 'held2', 'gone', 'dead', ...open(8), 'later']
  assert.deepEqual(leftAfter(13), all)
})

test('lowering drops refused and failed reservations before waiting ones, the newest first', () => {
  assert.deepEqual(leftAfter(12), ['held', 'held2', 'gone', ...open(8), 'later'])
  assert.deepEqual(leftAfter(11), ['held', 'held2', ...open(8), 'later'])
})

test('lowering drops waiting units before pending reservations', () => {
  assert.deepEqual(leftAfter(10), ['held', 'held2', ...open(8)])
})

test('lowering drops pending reservations before reserved ones, the newest first', () => {
  assert.deepEqual(leftAfter(9), ['held', 'held2', ...open(7)])
  assert.deepEqual(leftAfter(2), ['held', 'held2'])
})

test('lowering drops reserved reservations last, the newest first', () => {
  assert.deepEqual(leftAfter(1), ['held'])
})

test('lowering a part of the waiting units makes no new request', () => {
  const eight = Array.from({ length: 8 }, (_, n) => added(1, pending(`r${n}`, 1)))
  const lowered = given(...eight, added(5, waiting('w', 5))).when(command(set(10)))
  lowered.gives(changed(10, { lowered: [{ key: key('w'), wanted: 2 }] }))
  assert.equal(standing(lowered.item()).at(-1), 'w waiting 2/2')
})

test('lowering a part of a refused reservation makes no new request', () => {
  const lowered = given(added(5, pending('a', 5)), refused('a')).when(command(set(2)))
  lowered.gives(changed(2, { lowered: [{ key: key('a'), wanted: 2 }] }))
  assert.deepEqual(standing(lowered.item()), ['a unavailable 2/5'])
})

test('lowering a part of a hold keeps it until a smaller one is confirmed', () => {
  const lowered = given(added(5, pending('a', 5)), confirmed('a')).when(command(set(3)))
  lowered.gives(
    changed(3, { lowered: [{ key: key('a'), wanted: 3 }] }),
    requested(pending('new', 3, 'a')),
  )
  assert.deepEqual(standing(lowered.item()), ['a reserved 3/5', 'new pending 0/3'])
  assert.deepEqual(lowered.cart().departing, [])
})

test('lowering a part of a pending reservation keeps it until a smaller one is confirmed', () => {
  given(added(5, pending('a', 5)))
    .when(command(set(3)))
    .gives(
      changed(3, { lowered: [{ key: key('a'), wanted: 3 }] }),
      requested(pending('new', 3, 'a')),
    )
})

test('lowering can drop a whole reservation and a part of the next', () => {
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

test('lowering drops waiting units before a pending reservation, so that none of them starts', () => {
  const seven = Array.from({ length: 7 }, (_, n) => added(1, pending(`r${n}`, 1)))
  const cart = given(...seven, added(9, pending('big', 9)), added(1, waiting('w', 1)))
  const item = cart.when(command(set(4))).item()
  assert.deepEqual(
    standing(item),
    open(4).map((_, n) => `r${n} pending 1/1`),
  )
  // The waiting unit is dropped first, then all of `big`, so nothing is left to start.
  assert.equal(cart.when(command(set(16))).item().reservations.length, 8)
})

test('with reservations off, lowering a part of a hold requests no smaller one', () => {
  const lowered = given(added(5, pending('a', 5)), confirmed('a')).when(
    command(set(3), { reserving: false }),
  )
  lowered.gives(changed(3, { lowered: [{ key: key('a'), wanted: 3 }] }))
})
