import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reserve } from './commands.ts'
import {
  added,
  changed,
  confirmed,
  cup,
  failed,
  key,
  leaving,
  pending,
  refused,
  requested,
  waiting,
} from './facts.ts'
import { given, standing } from './given.ts'

test('refused and failed units are requested again in one new reservation', () => {
  const settled = given(
    added(1, pending('a', 1)),
    confirmed('a'),
    added(2, pending('b', 2)),
    refused('b'),
    added(3, pending('c', 3)),
    failed('c'),
    added(4, pending('d', 4)),
  ).when(reserve())
  settled.gives(
    requested(pending('new', 5), [leaving('b', 2, 'unavailable'), leaving('c', 3, 'failed')]),
  )
  assert.deepEqual(standing(settled.item()), ['a reserved 1/1', 'd pending 4/4', 'new pending 5/5'])
})

test('requesting units again drops their buried jobs, and cancels those that may hold units', () => {
  const asked = given(
    added(3, pending('a', 3)),
    failed('a'),
    added(4, pending('b', 4)),
    failed('b', { outcomeUnknown: true }),
  ).when(reserve())
  assert.deepEqual(asked.jobs().slice(0, 2), [
    { type: 'drop', jobId: 'a' },
    { type: 'cancel', jobId: 'b' },
  ])
  assert.deepEqual(
    asked.cart().departing.map((d) => [d.key, d.state]),
    [['b', 'cancelled']],
  )
})

test('units that were added while reservations were off can be requested later', () => {
  given(added(2, pending('a', 2)), added(5, null))
    .when(reserve())
    .gives(requested(pending('new', 5)))
})

test('only the units still wanted of a refused and lowered reservation are requested again', () => {
  given(
    added(5, pending('a', 5)),
    refused('a'),
    changed(3, { lowered: [{ key: key('a'), wanted: 3 }] }),
  )
    .when(reserve())
    .gives(requested(pending('new', 3), [leaving('a', 5, 'unavailable')]))
})

test('requesting an item again changes nothing when all its units are reserved or under way', () => {
  given(added(2, pending('a', 2)), confirmed('a'), added(3, pending('b', 3)))
    .when(reserve())
    .changesNothing()
})

test('units that are requested again wait while 8 reservations of their item are under way', () => {
  const busy = Array.from({ length: 8 }, (_, n) => added(1, pending(`r${n}`, 1)))
  const item = given(
    added(2, pending('a', 2)),
    refused('a'),
    ...busy,
    added(1, waiting('w', 1)),
  ).when(reserve())
  item.gives(requested(waiting('w', 2), [leaving('a', 2, 'unavailable')]))
  assert.equal(standing(item.item()).at(-1), 'w waiting 3/3')
})

test('requesting an item again is refused with reservations off and for an unknown item', () => {
  given(added(2, null))
    .when({ ...reserve(), reserving: false })
    .isRefused('reservations-off')
  given(added(2, null)).when(reserve(cup)).isRefused('item-not-found')
})
