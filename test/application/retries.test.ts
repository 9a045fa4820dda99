// Jobs that have no outcome yet go back to the queue, with what is known of their call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReserveResult } from '../../src/ports/reservation-client.ts'
import type { Job } from '../../src/ports/store.ts'
import { type FlatReservation, toFlat } from '../support/flat-reservation.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { until } from '../support/store-processes.ts'
import { again, holdOf, honest, openService, unknown } from './fake-service.ts'
import { onlyItem } from './handler.ts'
import { add, remove } from './requests.ts'
import { openWorker, type Worker } from './worker.ts'

const onlyReservation = async (worker: Worker): Promise<FlatReservation> => {
  const [reservation, ...others] = onlyItem(await worker.cart()).reservations
  assert.ok(reservation !== undefined && others.length === 0)
  return toFlat(reservation)
}

const keyOf = async (worker: Worker) => (await onlyReservation(worker)).key

type Expected = Pick<Job, 'attempts' | 'unknownAt' | 'lastError'> & { readonly waitMs: number }

const cases: readonly (readonly [string, ReserveResult, (now: number) => Expected])[] = [
  [
    'answered with 503',
    again(),
    // Half of the base: the clock draws the middle.
    () => ({ attempts: 1, unknownAt: null, lastError: '503', waitMs: 500 }),
  ],
  [
    'answered with a Retry-After beyond the cap of the backoff',
    again({ retryAfterMs: 60_000 }),
    () => ({ attempts: 1, unknownAt: null, lastError: '503', waitMs: 60_000 }),
  ],
  [
    'answered with 503, its outcome in doubt',
    again({ inDoubt: true }),
    (now) => ({ attempts: 1, unknownAt: now, lastError: '503', waitMs: 500 }),
  ],
  [
    'not answered',
    unknown,
    (now) => ({ attempts: 1, unknownAt: now, lastError: 'reset', waitMs: 500 }),
  ],
  [
    'not connected',
    { kind: 'unsent', reason: 'refused', retryAfterMs: 0 },
    () => ({ attempts: 1, unknownAt: null, lastError: 'refused', waitMs: 500 }),
  ],
  [
    'stopped by the circuit breaker',
    { kind: 'unsent', reason: 'open', retryAfterMs: 7_000 },
    () => ({ attempts: 0, unknownAt: null, lastError: 'open', waitMs: 7_000 }),
  ],
]

for (const [what, outcome, expect] of cases) {
  test(`a job whose call was ${what} is put back, and tried again with the same key`, async () => {
    await using store = await openFreshMemoryStore()
    const service = openService()
    await using worker = openWorker(store, service)
    const { clock } = worker
    await worker.ask(add(3))
    const key = await keyOf(worker)
    const call = await service.call(0)
    clock.advance(250)
    const now = clock.now()
    call.answer(outcome)
    const job = await worker.jobWhen(key, ({ lastError }) => lastError !== null)
    const { waitMs, ...left } = expect(now)
    const { attempts, unknownAt, lastError, dueAt } = job
    assert.deepEqual({ attempts, unknownAt, lastError }, left)
    assert.equal(dueAt, now + waitMs)
    assert.equal(worker.facts.unknown, outcome.kind === 'unknown' ? 1 : 0)
    clock.advance(waitMs - 1)
    worker.runner.nudge()
    const { scheduled } = await store.countJobs(clock.now())
    assert.deepEqual([scheduled, service.calls.length], [1, 1])
    clock.advance(1)
    const second = await service.call(1)
    assert.deepEqual([second.method, second.keys], ['reserve', [key]])
    second.answer(honest(second))
    await until('it is recorded', async () => (await store.findJob(key)) === null)
    const reservation = await onlyReservation(worker)
    assert.deepEqual([reservation.status, reservation.attempts], ['reserved', attempts + 1])
  })
}

test('the time between attempts doubles up to its cap', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setReply(() => again())
  await using worker = openWorker(store, service)
  const { clock } = worker
  await worker.ask(add(3))
  const key = await keyOf(worker)
  const waits: number[] = []
  for (let attempt = 1; attempt <= 6; attempt += 1) {
    const { dueAt } = await worker.jobWhen(
      key,
      (job) => job.attempts === attempt && job.dueAt > clock.now(),
    )
    waits.push(dueAt - clock.now())
    clock.advance(dueAt - clock.now())
  }
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 4_000, 4_000])
})

test('a job that is too old is given up: it is buried, and can be requeued', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  const retry = { baseMs: 1_000, capMs: 8_000, giveUpAfterMs: 5_000 }
  await using worker = openWorker(store, service, { retry })
  await worker.ask(add(3))
  const key = await keyOf(worker)
  const call = await service.call(0)
  worker.clock.advance(5_000)
  call.answer(unknown)
  const { kind, itemId, lastError } = await worker.jobWhen(key, (job) => job.buriedAt !== null)
  assert.equal(lastError, 'given up: reset')
  assert.deepEqual(worker.facts.buried, [`${key}: given up: reset`])
  const failed = await onlyReservation(worker)
  assert.deepEqual([failed.status, failed.outcomeUnknown], ['failed', true])
  await worker.ask({ type: 'requeue-job', jobId: key, jobKind: kind, itemId, key })
  const second = await service.call(1)
  assert.deepEqual(second.keys, [key])
  second.answer(honest(second))
  await until('it is recorded', async () => (await store.findJob(key)) === null)
  assert.equal(onlyItem(await worker.cart()).reservations[0]?.status, 'reserved')
})

for (const [what, outcome, outcomeUnknown] of [
  ['was answered', again(), false],
  ['was answered in doubt', again({ inDoubt: true }), true],
  ['was lost', unknown, true],
  ['was not sent', { kind: 'unsent', reason: 'refused', retryAfterMs: 0 }, false],
] as const) {
  test(`a job given up when its last call ${what} has ${outcomeUnknown ? 'an unknown' : 'a known'} outcome`, async () => {
    await using store = await openFreshMemoryStore()
    const service = openService()
    const retry = { baseMs: 1_000, capMs: 8_000, giveUpAfterMs: 5_000 }
    await using worker = openWorker(store, service, { retry })
    await worker.ask(add(3))
    const call = await service.call(0)
    worker.clock.advance(5_000)
    call.answer(outcome)
    await worker.jobWhen(call.keys[0] ?? '', (job) => job.buriedAt !== null)
    const failed = await onlyReservation(worker)
    assert.deepEqual([failed.status, failed.outcomeUnknown], ['failed', outcomeUnknown])
  })
}

test('a failed job has an unknown outcome when any earlier call was lost', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add(3))
  const key = await keyOf(worker)
  ;(await service.call(0)).answer(unknown)
  await worker.jobWhen(key, (job) => job.unknownAt !== null)
  worker.clock.advance(10_000)
  ;(await service.call(1)).answer({ kind: 'rejected', reason: '401' })
  await worker.jobWhen(key, (job) => job.buriedAt !== null)
  assert.equal((await onlyReservation(worker)).outcomeUnknown, true)
})

test('a job that waits for the breaker is not given up, however long it waits', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  const retry = { baseMs: 1_000, capMs: 8_000, giveUpAfterMs: 5_000 }
  await using worker = openWorker(store, service, { retry })
  await worker.ask(add(3))
  const key = await keyOf(worker)
  const call = await service.call(0)
  worker.clock.advance(60_000)
  call.answer({ kind: 'unsent', reason: 'open', retryAfterMs: 1_000 })
  const job = await worker.jobWhen(key, ({ lastError }) => lastError === 'open')
  assert.deepEqual([job.buriedAt, job.attempts], [null, 0])
})

test('an item removed after a lost call is requested again to find its hold, and released', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add(3))
  const key = await keyOf(worker)
  ;(await service.call(0)).answer(unknown)
  await worker.jobWhen(key, (job) => job.unknownAt !== null)
  await worker.ask(remove(onlyItem(await worker.cart()).id))
  worker.clock.advance(10_000)
  // The same key again: a keyed service answers with the hold that it made.
  const second = await service.call(1)
  assert.deepEqual([second.method, second.keys], ['reserve', [key]])
  second.answer({ kind: 'reserved', holdId: holdOf('made before') })
  const release = await service.call(2)
  assert.deepEqual([release.method, release.holdId], ['release', holdOf('made before')])
  release.answer({ kind: 'released' })
  await until('it has gone', async () => (await worker.cart()).departing.length === 0)
})

test('a release that fails is tried again until it succeeds', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add(3))
  const call = await service.call(0)
  call.answer(honest(call))
  const isReserved = async () =>
    onlyItem(await worker.cart()).reservations[0]?.status === 'reserved'
  await until('it is reserved', isReserved)
  await worker.ask(remove(onlyItem(await worker.cart()).id))
  for (const [number, trouble] of [unknown, again(), unknown].entries()) {
    ;(await service.call(number + 1)).answer(trouble)
    await until('it is back', async () => (await store.countJobs(0)).scheduled === 1)
    worker.clock.advance(60_000)
  }
  const last = await service.call(4)
  assert.equal(last.method, 'release')
  last.answer({ kind: 'released' })
  await until('it has gone', async () => (await worker.cart()).departing.length === 0)
})
