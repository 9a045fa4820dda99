import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gaveUp, lost, outcomeOf, released, reserved, soldOut, withdrawn } from './commands.ts'
import {
  added,
  confirmed,
  type Fact,
  failed,
  holdOf,
  leaving,
  pending,
  refused,
  releaseRequested,
  removed,
  requested,
  waiting,
} from './facts.ts'
import { given, now, reservationOf, standing } from './given.ts'

const asked: Fact = added(5, pending('a', 5))

test('a success makes the reservation reserved, with its hold and its time', () => {
  const settled = given(asked).when(outcomeOf('a', reserved('a')))
  settled.gives(confirmed('a'))
  const { status, holdId, attempts, settledAt, reason } = reservationOf(settled.item(), 'a')
  assert.deepEqual(
    { status, holdId, attempts, settledAt, reason },
    { status: 'reserved', holdId: 'hold-a', attempts: 1, settledAt: now, reason: null },
  )
})

test('a refusal makes the reservation unavailable, with the reason', () => {
  const settled = given(asked).when(outcomeOf('a', soldOut))
  settled.gives(refused('a'))
  const { status, reason, settledAt } = reservationOf(settled.item(), 'a')
  assert.deepEqual(
    { status, reason, settledAt },
    {
      status: 'unavailable',
      reason: 'sold out',
      settledAt: now,
    },
  )
  assert.deepEqual(settled.jobs(), [])
})

test('giving up makes the reservation failed and buries its job', () => {
  for (const outcome of [gaveUp, lost]) {
    const outcomeUnknown = outcome === lost
    const settled = given(asked).when(outcomeOf('a', outcome))
    settled.gives(failed('a', { outcomeUnknown }))
    const reservation = reservationOf(settled.item(), 'a')
    assert.deepEqual(
      [reservation.status, reservation.reason, reservation.outcomeUnknown],
      ['failed', 'no answer', outcomeUnknown],
    )
    assert.deepEqual(settled.jobs(), [{ type: 'bury', jobId: 'a', reason: 'no answer' }])
  }
})

test('an outcome leaves other reservations and items as they were', () => {
  const cart = given(asked, added(2, pending('b', 2)), added(1, pending('c', 1), 'cup' as never))
    .when(outcomeOf('a', reserved('a')))
    .cart()
  assert.deepEqual(cart.items.map(standing), [
    ['a reserved 5/5', 'b pending 2/2'],
    ['c pending 1/1'],
  ])
})

test('any outcome of one of 8 pending reservations starts the waiting one, with all its units', () => {
  const busy = given(
    ...Array.from({ length: 8 }, (_, n) => added(1, pending(`r${n}`, 1))),
    added(2, waiting('w', 2)),
    added(3, waiting('w', 3)),
  )
  for (const outcome of [reserved('r3'), soldOut, gaveUp, lost]) {
    const settled = busy.when(outcomeOf('r3', outcome))
    assert.deepEqual(settled.events().slice(1), [{ at: now, ...requested(pending('w', 5)) }])
    assert.equal(standing(settled.item()).at(-1), 'w pending 5/5')
    const put = settled.jobs().find((effect) => effect.type === 'put')
    assert.deepEqual([put?.job.id, put?.job.quantity], ['w', 5])
  }
})

test('a success that comes after a refusal or after giving up makes the reservation reserved', () => {
  for (const before of [refused('a'), failed('a'), failed('a', { outcomeUnknown: true })]) {
    const late = given(asked, before).when(outcomeOf('a', reserved('a')))
    late.gives(confirmed('a'))
    const { status, reason, outcomeUnknown } = reservationOf(late.item(), 'a')
    assert.deepEqual([status, reason, outcomeUnknown], ['reserved', null, false])
  }
})

test('a repeated success with the same hold changes nothing', () => {
  given(asked, confirmed('a'))
    .when(outcomeOf('a', reserved('a')))
    .changesNothing()
})

test('a second hold under the key of a reservation is released, under a new key', () => {
  const stray = given(asked, confirmed('a')).when(outcomeOf('a', reserved('a', holdOf('other'))))
  stray.gives(releaseRequested('new', 5, holdOf('other')))
  assert.deepEqual(standing(stray.item()), ['a reserved 5/5'])
  assert.deepEqual(
    stray.cart().departing.map((d) => [d.key, d.state, d.holdId]),
    [['new', 'releasing', 'hold-other']],
  )
  assert.deepEqual(
    stray
      .jobs()
      .map(
        (effect) =>
          effect.type === 'put' &&
          effect.job.kind === 'release' && [effect.job.id, effect.job.holdId],
      ),
    [['new.release', 'hold-other']],
  )
})

test('a refusal or a failure that comes after the success changes nothing', () => {
  for (const outcome of [soldOut, gaveUp, lost]) {
    given(asked, confirmed('a')).when(outcomeOf('a', outcome)).changesNothing()
  }
})

test('a refusal or a failure that comes after a refusal changes nothing', () => {
  for (const outcome of [soldOut, gaveUp, lost]) {
    given(asked, refused('a')).when(outcomeOf('a', outcome)).changesNothing()
  }
})

test('a hold for a reservation that the cart does not have is released', () => {
  given()
    .when(outcomeOf('a', reserved('a')))
    .gives(releaseRequested('new', 5, holdOf('a')))
  given(asked, failed('a'), removed(5, [leaving('a', 5, 'failed')]))
    .when(outcomeOf('a', reserved('a')))
    .gives(releaseRequested('new', 5, holdOf('a')))
})

test('any outcome but a hold changes nothing for an unknown reservation', () => {
  for (const outcome of [soldOut, gaveUp, lost, released, withdrawn]) {
    given().when(outcomeOf('a', outcome)).changesNothing()
  }
  for (const outcome of [released, gaveUp, lost]) {
    given()
      .when(outcomeOf('a', outcome, { jobKind: 'release' }))
      .changesNothing()
  }
})

test('giving up twice buries the job again, so that the operator finds it', () => {
  const twice = given(asked, failed('a')).when(outcomeOf('a', gaveUp))
  twice.gives(failed('a'))
  assert.deepEqual(twice.jobs(), [{ type: 'bury', jobId: 'a', reason: 'no answer' }])
})

test('after giving up twice the outcome is unknown if it was unknown either time', () => {
  for (const [first, second] of [[lost, gaveUp] as const, [gaveUp, lost] as const]) {
    given(asked, failed('a', { outcomeUnknown: first === lost }))
      .when(outcomeOf('a', second))
      .gives(failed('a', { outcomeUnknown: true }))
  }
})

test('a refusal that comes after giving up makes the reservation unavailable', () => {
  const late = given(asked, failed('a', { outcomeUnknown: true })).when(outcomeOf('a', soldOut))
  late.gives(refused('a'))
  const { status, outcomeUnknown } = reservationOf(late.item(), 'a')
  assert.deepEqual([status, outcomeUnknown], ['unavailable', false])
})
