import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  gaveUp,
  lost,
  outcomeOf,
  released,
  requeue,
  reserved,
  soldOut,
  withdrawn,
} from './commands.ts'
import {
  added,
  confirmed,
  type Fact,
  failed,
  holdOf,
  key,
  leaving,
  pending,
  releaseRequested,
  removed,
} from './facts.ts'
import { earlier, given, now } from './given.ts'

const asked: Fact = added(5, pending('a', 5))
const cancelled: readonly Fact[] = [asked, removed(5, [leaving('a', 5, 'pending')])]
const releasing: readonly Fact[] = [
  asked,
  confirmed('a'),
  removed(5, [leaving('a', 5, 'reserved')]),
]
const gone: Fact = { type: 'reservation-withdrawn', key: key('a') }
const buried = (jobId: string): Fact => ({
  type: 'release-failed',
  key: key('a'),
  jobId,
  reason: 'no answer',
})

test('a reservation that leaves while its request is under way is departing until that settles', () => {
  const { cart } = given(...cancelled)
  assert.deepEqual(cart.departing, [
    { key: 'a', itemId: 'tea', quantity: 5, state: 'cancelled', holdId: null, since: earlier },
  ])
})

test('a departing reservation that succeeds late is released', () => {
  for (const jobKind of ['reserve', 'cancel'] as const) {
    const late = given(...cancelled).when(outcomeOf('a', reserved('a'), { jobKind }))
    late.gives(releaseRequested('a', 5))
    assert.deepEqual(late.cart().departing, [
      { key: 'a', itemId: 'tea', quantity: 5, state: 'releasing', holdId: 'hold-a', since: now },
    ])
    assert.deepEqual(
      late.jobs().map((effect) => effect.type === 'put' && [effect.job.id, effect.job.kind]),
      [['a.release', 'release']],
    )
  }
})

test('a refusal, a withdrawal and a failure that holds nothing end a departing reservation', () => {
  for (const outcome of [soldOut, withdrawn, gaveUp]) {
    const settled = given(...cancelled).when(outcomeOf('a', outcome, { jobKind: 'cancel' }))
    settled.gives(gone)
    assert.deepEqual(settled.cart().departing, [])
    assert.deepEqual(settled.jobs(), [])
  }
})

test('a departing reservation whose outcome is unknown stays, and its job is buried', () => {
  const settled = given(...cancelled).when(outcomeOf('a', lost, { jobKind: 'cancel' }))
  settled.gives(buried('a'))
  assert.equal(settled.cart().departing[0]?.state, 'cancelled')
  assert.deepEqual(settled.jobs(), [{ type: 'bury', jobId: 'a', reason: 'no answer' }])
})

test('a request given up after its reservation left is cancelled before any job is buried', () => {
  const settled = given(...cancelled).when(outcomeOf('a', lost, { jobKind: 'reserve' }))
  settled.gives(failed('a', { outcomeUnknown: true, superseded: true }))
  assert.deepEqual(settled.jobs(), [{ type: 'cancel', jobId: 'a' }])
  assert.deepEqual(settled.cart().departing, given(...cancelled).cart.departing)
})

test('the release of its hold ends a departing reservation', () => {
  const settled = given(...releasing).when(outcomeOf('a', released, { jobKind: 'release' }))
  settled.gives({ type: 'reservation-released', key: key('a') })
  assert.deepEqual(settled.cart().departing, [])
})

test('a release does not change a reservation whose request is under way', () => {
  const early = outcomeOf('a', released, { jobKind: 'release' })
  given(...cancelled)
    .when(early)
    .changesNothing()
  given(asked).when(early).changesNothing()
})

test('a release that is given up is buried, and its reservation stays departing', () => {
  for (const outcome of [gaveUp, lost]) {
    const settled = given(...releasing).when(outcomeOf('a', outcome, { jobKind: 'release' }))
    settled.gives(buried('a.release'))
    assert.deepEqual(settled.jobs(), [{ type: 'bury', jobId: 'a.release', reason: 'no answer' }])
    assert.deepEqual(
      settled.cart().departing.map((d) => [d.state, d.holdId]),
      [['releasing', 'hold-a']],
    )
  }
})

test('a repeated success changes nothing while its hold is being released', () => {
  given(...releasing)
    .when(outcomeOf('a', reserved('a')))
    .changesNothing()
})

test('a second hold under the key of a departing reservation is released as well', () => {
  const stray = given(...releasing).when(outcomeOf('a', reserved('a', holdOf('other'))))
  stray.gives(releaseRequested('new', 5, holdOf('other')))
  assert.deepEqual(
    stray.cart().departing.map((d) => [d.key, d.holdId]),
    [
      ['a', 'hold-a'],
      ['new', 'hold-other'],
    ],
  )
})

test('a late outcome of the request changes nothing while its hold is being released', () => {
  for (const outcome of [soldOut, withdrawn, gaveUp, lost]) {
    for (const jobKind of ['reserve', 'cancel'] as const) {
      given(...releasing)
        .when(outcomeOf('a', outcome, { jobKind }))
        .changesNothing()
    }
  }
})

test('a hold that is made after its reservation has ended is released', () => {
  given(...cancelled, gone)
    .when(outcomeOf('a', reserved('a')))
    .gives(releaseRequested('new', 5, holdOf('a')))
})

test('a buried release or cancel is requeued while its reservation is departing', () => {
  const requeued = (jobId: string): Fact => ({ type: 'release-requeued', key: key('a'), jobId })
  given(...releasing, buried('a.release'))
    .when(requeue('a', 'release'))
    .gives(requeued('a.release'))
  const cancel = given(...cancelled, buried('a')).when(requeue('a', 'cancel'))
  cancel.gives(requeued('a'))
  assert.deepEqual(cancel.jobs(), [{ type: 'requeue', jobId: 'a' }])
})

test('a buried job whose reservation has ended is not requeued', () => {
  given(...cancelled, gone)
    .when(requeue('a', 'cancel'))
    .changesNothing()
  given().when(requeue('a', 'release')).changesNothing()
})

test('a failed reservation that leaves is forgotten, or cancelled if it may hold units', () => {
  const left = (outcomeUnknown: boolean) =>
    given(
      added(5, pending('a', 5)),
      failed('a', { outcomeUnknown }),
      removed(5, [leaving('a', 5, 'failed', { outcomeUnknown })]),
    ).cart.departing.map((d) => d.state)
  assert.deepEqual(left(false), [])
  assert.deepEqual(left(true), ['cancelled'])
})
