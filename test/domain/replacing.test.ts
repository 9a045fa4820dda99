import assert from 'node:assert/strict'
import { test } from 'node:test'
import { command, gaveUp, lost, outcomeOf, remove, reserved, set, soldOut } from './commands.ts'
import {
  added,
  changed,
  confirmed,
  type Fact,
  failed,
  key,
  leaving,
  pending,
  refused,
  requested,
  waiting,
} from './facts.ts'
import { given, reservationOf, standing } from './given.ts'

const lowered = (wanted: number) => ({ lowered: [{ key: key('large'), wanted }] })

/** Five units, held, lowered to three: `small` is to take over from `large`. */
const held: readonly Fact[] = [
  added(5, pending('large', 5)),
  confirmed('large'),
  changed(3, lowered(3)),
  requested(pending('small', 3, 'large')),
]
/** The same while the larger hold is itself still under way. */
const unsettled = held.filter((fact) => fact.type !== 'reservation-confirmed')

test('the larger hold is released once the smaller one is confirmed', () => {
  const replaced = given(...held).when(outcomeOf('small', reserved('small')))
  replaced.gives(confirmed('small', [leaving('large', 5, 'reserved')]))
  assert.deepEqual(standing(replaced.item()), ['small reserved 3/3'])
  assert.deepEqual(
    replaced.cart().departing.map((d) => [d.key, d.state, d.quantity, d.holdId]),
    [['large', 'releasing', 5, 'hold-large']],
  )
  assert.deepEqual(
    replaced.jobs().map((effect) => effect.type === 'put' && effect.job.id),
    ['large.release'],
  )
})

test('a larger request still under way is cancelled once the smaller one is confirmed', () => {
  const replaced = given(...unsettled).when(outcomeOf('small', reserved('small')))
  assert.deepEqual(standing(replaced.item()), ['small reserved 3/3'])
  assert.deepEqual(replaced.jobs(), [{ type: 'cancel', jobId: 'large' }])
  assert.equal(replaced.cart().departing[0]?.state, 'cancelled')
})

test('a refused replacement leaves the larger hold, with the reason', () => {
  const refusal = given(...held).when(outcomeOf('small', soldOut))
  refusal.gives(refused('small'))
  const item = refusal.item()
  assert.deepEqual(standing(item), ['large reserved 3/5'])
  assert.match(reservationOf(item, 'large').reason ?? '', /sold out/)
  assert.deepEqual(refusal.cart().departing, [])
})

test('a replacement given up leaves the larger hold, and is cancelled if it may hold units', () => {
  const known = given(...held).when(outcomeOf('small', gaveUp))
  known.gives(failed('small', { superseded: true }))
  assert.deepEqual(known.jobs(), [{ type: 'drop', jobId: 'small' }])
  assert.deepEqual(known.cart().departing, [])
  const unknown = given(...held).when(outcomeOf('small', lost))
  unknown.gives(failed('small', { superseded: true, outcomeUnknown: true }))
  assert.deepEqual(unknown.jobs(), [{ type: 'cancel', jobId: 'small' }])
  assert.deepEqual(standing(unknown.item()), ['large reserved 3/5'])
  assert.deepEqual(
    unknown.cart().departing.map((d) => [d.key, d.state]),
    [['small', 'cancelled']],
  )
})

test('a larger hold whose replacement was refused stays until the quantity is lowered again', () => {
  const kept = [...held, refused('small')]
  const more = given(...kept, added(1, pending('more', 1)))
  more.when(outcomeOf('more', reserved('more'))).gives(confirmed('more'))
  const again = given(...kept).when(command(set(2)))
  again.gives(changed(2, lowered(2)), requested(pending('new', 2, 'large')))
  assert.equal(reservationOf(again.item(), 'large').reason, null)
})

test('a larger request that is refused hands its units over to its replacement', () => {
  const handed = given(...unsettled).when(outcomeOf('large', soldOut))
  handed.gives(refused('large'))
  assert.deepEqual(standing(handed.item()), ['small pending 3/3'])
  assert.equal(reservationOf(handed.item(), 'small').replaces, null)
  const settled = given(...unsettled, refused('large'))
  settled.when(outcomeOf('small', soldOut)).gives(refused('small'))
  assert.deepEqual(standing(settled.when(outcomeOf('small', soldOut)).item()), [
    'small unavailable 3/3',
  ])
})

test('a larger request given up hands its units over, and is cancelled if it may hold some', () => {
  const known = given(...unsettled).when(outcomeOf('large', gaveUp))
  assert.deepEqual(known.jobs(), [{ type: 'drop', jobId: 'large' }])
  assert.deepEqual(standing(known.item()), ['small pending 3/3'])
  const unknown = given(...unsettled).when(outcomeOf('large', lost))
  assert.deepEqual(unknown.jobs(), [{ type: 'cancel', jobId: 'large' }])
  assert.deepEqual(standing(unknown.item()), ['small pending 3/3'])
  assert.equal(unknown.cart().departing[0]?.key, 'large')
})

test('a larger request that is confirmed first is kept until its replacement is confirmed', () => {
  const item = given(...unsettled)
    .when(outcomeOf('large', reserved('large')))
    .item()
  assert.deepEqual(standing(item), ['large reserved 3/5', 'small pending 0/3'])
})

test('a refused replacement is tried again once the larger request is confirmed', () => {
  given(...unsettled, refused('small'))
    .when(outcomeOf('large', reserved('large')))
    .gives(confirmed('large'), requested(pending('new', 3, 'large')))
})

test('lowering an item again cancels its pending replacement and requests another', () => {
  const again = given(...held).when(command(set(2)))
  again.gives(
    changed(2, { ...lowered(2), letGo: [leaving('small', 3, 'pending')] }),
    requested(pending('new', 2, 'large')),
  )
  assert.deepEqual(standing(again.item()), ['large reserved 2/5', 'new pending 0/2'])
  assert.equal(again.cart().departing[0]?.state, 'cancelled')
})

test('raising an item keeps its pending replacement and requests the difference', () => {
  const raised = given(...held).when(command(set(7)))
  raised.gives(changed(7, { requested: pending('new', 4) }))
  assert.deepEqual(standing(raised.item()), [
    'large reserved 3/5',
    'small pending 0/3',
    'new pending 4/4',
  ])
})

test('dropping a larger hold, or lowering it again, cancels its pending replacement', () => {
  const gone = given(...held, added(2, pending('more', 2)), confirmed('more')).when(command(set(1)))
  // `more` is newer and is dropped first; of `large` one unit stays.
  assert.deepEqual(standing(gone.item()), ['large reserved 1/5', 'new pending 0/1'])
  const removed = given(...held).when(command(remove()))
  assert.deepEqual(
    removed.cart().departing.map((d) => [d.key, d.state]),
    [
      ['large', 'releasing'],
      ['small', 'cancelled'],
    ],
  )
})

test('lowering an item by all of a larger hold drops both the hold and its replacement', () => {
  const first = [added(1, pending('first', 1)), confirmed('first')]
  const both = given(...first, ...held.with(2, changed(4, lowered(3)))).when(command(set(1)))
  both.gives(
    changed(1, { letGo: [leaving('small', 3, 'pending'), leaving('large', 5, 'reserved')] }),
  )
})

test('while 8 reservations are pending a smaller hold waits, and is requested before new units', () => {
  const eight = Array.from({ length: 8 }, (_, n) => added(1, pending(`r${n}`, 1)))
  const busy = given(
    ...held.slice(0, 2),
    ...eight,
    changed(11, lowered(3)),
    added(4, waiting('w', 4)),
  )
  busy
    .when(outcomeOf('r0', reserved('r0')))
    .gives(confirmed('r0'), requested(pending('new', 3, 'large')))
})
