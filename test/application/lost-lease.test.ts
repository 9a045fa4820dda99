// A worker without a heartbeat for too long that gets an answer: another worker has its job by now.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReserveResult } from '../../src/ports/reservation-client.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { until } from '../support/store-processes.ts'
import { toShared } from '../support/store-wrappers.ts'
import { holdOf, openService } from './fake-service.ts'
import { onlyItem } from './handler.ts'
import { add } from './requests.ts'
import { holdClock, openWorker } from './worker.ts'

/** Call 0 is that of the worker without a heartbeat, call 1 that of the one that has the job now. */
const openBoth = async () => {
  const memory = await openFreshMemoryStore()
  const store = toShared(memory)
  const service = openService()
  const clock = holdClock()
  const late = openWorker(store, service, { clock, workerId: 'late' })
  await late.ask(add(2))
  await service.call(0)
  late.runner.pause()
  clock.advance(60_000)
  const other = openWorker(store, service, { clock, workerId: 'other' })
  await service.call(1)
  const status = async () => onlyItem(await other.cart()).reservations[0]?.status
  const close = async () => {
    await other[Symbol.asyncDispose]()
    await late[Symbol.asyncDispose]()
    await memory[Symbol.asyncDispose]()
  }
  return { store, service, clock, late, other, status, [Symbol.asyncDispose]: close }
}

const negative: readonly ReserveResult[] = [
  { kind: 'refused', reason: 'none left' },
  { kind: 'rejected', reason: '401' },
]

for (const outcome of negative) {
  test(`an answer "${outcome.kind}" to a worker that lost its lease is ignored`, async () => {
    await using both = await openBoth()
    const { service, late, other, store, clock } = both
    ;(await service.call(0)).answer(outcome)
    await until('the late worker is through', () => late.runner.callsOpen() === 0)
    assert.equal(await both.status(), 'pending')
    assert.equal((await store.countJobs(clock.now())).leased, 1)
    assert.deepEqual(late.facts.buried, [])
    ;(await service.call(1)).answer({ kind: 'reserved', holdId: holdOf('it') })
    await until('the other is through', () => other.runner.callsOpen() === 0)
    assert.equal(await both.status(), 'reserved')
    const { leased, due, buried } = await store.countJobs(clock.now())
    assert.deepEqual([leased, due, buried], [0, 0, 0])
  })
}

test('a hold made for a worker that lost its lease counts, and a second hold is released', async () => {
  await using both = await openBoth()
  const { service, late, other } = both
  ;(await service.call(0)).answer({ kind: 'reserved', holdId: holdOf('first') })
  await until('the late worker is through', () => late.runner.callsOpen() === 0)
  assert.equal(await both.status(), 'reserved')
  ;(await service.call(1)).answer({ kind: 'reserved', holdId: holdOf('second') })
  const release = await service.call(2)
  assert.deepEqual([release.method, release.holdId], ['release', holdOf('second')])
  release.answer({ kind: 'released' })
  await until('the other is through', () => other.runner.callsOpen() === 0)
  const [held] = onlyItem(await other.cart()).reservations
  assert.ok(held?.status === 'reserved')
  assert.equal(held.holdId, holdOf('first'))
})

test('an outcome without its lease does not affect the commands in the same write', async () => {
  await using both = await openBoth()
  const { service, late, other } = both
  const call = await service.call(0)
  const asked = late.ask(add(1))
  call.answer({ kind: 'refused', reason: 'none left' })
  await Promise.all([asked, late.ask(add(1)), late.ask(add(1))])
  await until('the late worker is through', () => late.runner.callsOpen() === 0)
  const { quantity, reservations } = onlyItem(await other.cart())
  assert.equal(quantity, 5)
  assert.ok(!reservations.some(({ status }) => status === 'unavailable'))
})
