import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomeOf, requeue, reserved } from './commands.ts'
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
  releaseRequested,
  removed,
  requested,
  tea,
} from './facts.ts'
import { given, reservationOf, standing } from './given.ts'

const asked: Fact = added(5, pending('a', 5))
const requeued: Fact = {
  type: 'reservation-requeued',
  itemId: tea,
  key: key('a'),
}
const cancelRequeued: Fact = { type: 'release-requeued', key: key('a'), jobId: 'a' }

test('requeuing a failed reservation makes it pending, as it was when it was requested', () => {
  const again = given(asked, failed('a', { outcomeUnknown: true })).when(requeue('a'))
  again.gives(requeued)
  assert.deepEqual(again.jobs(), [{ type: 'requeue', jobId: 'a' }])
  const first = reservationOf(given(asked).when(requeue('b')).item(), 'a')
  assert.deepEqual(reservationOf(again.item(), 'a'), first)
})

test('requeuing is refused while 8 reservations of the item are under way', () => {
  const eight = Array.from({ length: 8 }, (_, n) => added(1, pending(`r${n}`, 1)))
  given(asked, failed('a'), ...eight)
    .when(requeue('a'))
    .isRefused('item-busy')
  const seven = given(asked, failed('a'), ...eight.slice(1))
  assert.equal(standing(seven.when(requeue('a')).item())[0], 'a pending 5/5')
})

test('a job whose reservation is settled or gone is not requeued', () => {
  for (const settled of [confirmed('a'), refused('a'), removed(5, [leaving('a', 5, 'failed')])]) {
    given(asked, failed('a'), settled).when(requeue('a')).changesNothing()
  }
})

test('requeuing twice is refused the second time, so that the job under way is not dropped', () => {
  given(asked, failed('a'), requeued).when(requeue('a')).isRefused('job-not-found')
})

test('a reserve job that became a cancel job in the meantime is requeued as a cancel job', () => {
  const left = removed(5, [leaving('a', 5, 'failed', { outcomeUnknown: true })])
  const cancel = given(asked, failed('a', { outcomeUnknown: true }), left).when(requeue('a'))
  cancel.gives(cancelRequeued)
  assert.deepEqual(cancel.jobs(), [{ type: 'requeue', jobId: 'a' }])
})

test('the request of a reservation whose hold is being released is not requeued', () => {
  const left = removed(5, [leaving('a', 5, 'pending')])
  for (const jobKind of ['reserve', 'cancel'] as const) {
    given(asked, left, releaseRequested('a', 5)).when(requeue('a', jobKind)).changesNothing()
  }
})

test('a lowered failure that is requeued and succeeds is replaced by a smaller hold', () => {
  const again = given(
    asked,
    failed('a'),
    changed(3, { lowered: [{ key: key('a'), wanted: 3 }] }),
    requeued,
  )
  assert.deepEqual(standing(again.when(outcomeOf('a', reserved('a'))).item()), [
    'a reserved 3/5',
    'new pending 0/3',
  ])
  again.when(outcomeOf('a', reserved('a'))).gives(confirmed('a'), requested(pending('new', 3, 'a')))
})
