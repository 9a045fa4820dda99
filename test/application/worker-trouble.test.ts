// What fails around a call: the store is unavailable, the client throws, a worker was dead.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CartId } from '../../src/domain/ids.ts'
import type { Claim, PutBack, Store } from '../../src/ports/store.ts'
import { toFlat } from '../support/flat-reservation.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { until } from '../support/store-processes.ts'
import { type Fault, toFaulty, unavailable } from '../support/store-wrappers.ts'
import { again, holdOf, honest, openService } from './fake-service.ts'
import { onlyItem } from './handler.ts'
import { times } from './over-stores.ts'
import { add, clear } from './requests.ts'
import { openWorker, type Worker } from './worker.ts'

const isReserved = async (worker: Worker) =>
  onlyItem(await worker.cart()).reservations[0]?.status === 'reserved'

/** Fails so many times, then works. */
const failing = <Args extends unknown[], T>(
  work: (...args: Args) => Promise<T>,
  left: { failures: number },
) => {
  return async (...args: Args): Promise<T> => {
    if (left.failures === 0) return work(...args)
    left.failures -= 1
    throw unavailable()
  }
}

for (const fault of ['fails', 'is lost'] as const) {
  test(`an outcome is recorded although its commit ${fault} twice, by one call`, async () => {
    await using memory = await openFreshMemoryStore()
    const faults: Fault[] = []
    const store = toFaulty(memory, faults)
    const service = openService()
    await using worker = openWorker(store, service)
    await worker.ask(add())
    const call = await service.call(0)
    faults.push(fault, fault)
    call.answer({ kind: 'reserved', holdId: holdOf('it') })
    await until('it is recorded', async () => worker.runner.callsOpen() === 0)
    assert.ok(await isReserved(worker))
    const [reservation] = onlyItem(await worker.cart()).reservations
    assert.ok(reservation)
    assert.equal(toFlat(reservation).holdId, holdOf('it'))
    assert.equal(service.calls.length, 1)
    assert.equal(worker.facts.troubles.length, 2)
    assert.match(worker.facts.troubles[0] ?? '', /^recording an outcome: /)
    const { due, leased, scheduled } = await store.countJobs(worker.clock.now())
    assert.deepEqual([due, leased, scheduled], [0, 0, 0])
  })
}

test('an unavailable store is called again at intervals, not in a loop', async () => {
  await using memory = await openFreshMemoryStore()
  const faults: Fault[] = []
  const service = openService()
  await using worker = openWorker(toFaulty(memory, faults), service)
  await worker.ask(add())
  const call = await service.call(0)
  faults.push(...times(1_000, () => 'fails' as const))
  call.answer(honest(call))
  await sleep(500)
  assert.ok(faults.length > 990, `${1_000 - faults.length} times`)
  faults.length = 0
  await until('it is recorded', () => worker.runner.callsOpen() === 0)
  assert.ok(await isReserved(worker))
})

test('a job is put back although the store fails twice', async () => {
  await using memory = await openFreshMemoryStore()
  const left = { failures: 0 }
  const store: Store = { ...memory, putBackJobs: failing(memory.putBackJobs, left) }
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add())
  const call = await service.call(0)
  left.failures = 2
  call.answer(again())
  const key = call.keys[0] ?? ''
  await worker.jobWhen(key, ({ lastError }) => lastError === '503')
  assert.equal(worker.facts.troubles.length, 2)
  assert.match(worker.facts.troubles[0] ?? '', /^putting a job back: /)
})

test('claims that fail are reported, and made again', async () => {
  await using memory = await openFreshMemoryStore()
  const left = { failures: 3 }
  const store: Store = {
    ...memory,
    claimJobs: failing<[Claim], never>(memory.claimJobs as never, left),
  }
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add())
  await service.call(0)
  assert.ok(worker.facts.troubles.every((trouble) => trouble.startsWith('claiming jobs: ')))
  assert.equal(worker.facts.troubles.length, 3)
})

test('heartbeats that fail are reported, and the worker keeps running', async () => {
  await using memory = await openFreshMemoryStore()
  const left = { failures: 1_000 }
  const store: Store = { ...memory, beat: failing(memory.beat, left) }
  const service = openService()
  await using worker = openWorker(store, service, { leaseMs: 15 })
  await worker.ask(add())
  await service.call(0)
  await until('it is reported', () => worker.facts.troubles.length > 3)
  left.failures = 0
  const { troubles } = worker.facts
  assert.ok(troubles.every((trouble) => trouble.startsWith('reporting that this worker lives: ')))
})

test('a job whose call throws is put back and tried again', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add())
  const call = await service.call(0)
  call.fail(new TypeError('a defect'))
  const key = call.keys[0] ?? ''
  const job = await worker.jobWhen(key, ({ lastError }) => lastError !== null)
  const now = worker.clock.now()
  assert.match(job.lastError ?? '', /a defect/)
  assert.deepEqual([job.unknownAt, job.attempts], [now, 1])
  assert.ok(job.dueAt > now)
  assert.deepEqual(worker.facts.troubles, ['carrying out a job: a defect'])
  worker.clock.advance(60_000)
  const second = await service.call(1)
  second.answer(honest(second))
  await until('it is reserved', () => isReserved(worker))
})

test('a job whose call throws is put back also when the store fails twice', async () => {
  await using memory = await openFreshMemoryStore()
  const left = { failures: 0 }
  const store: Store = { ...memory, putBackJobs: failing(memory.putBackJobs, left) }
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add())
  const call = await service.call(0)
  left.failures = 2
  call.fail(new TypeError('a defect'))
  const job = await worker.jobWhen(call.keys[0] ?? '', ({ lastError }) => lastError !== null)
  assert.match(job.lastError ?? '', /a defect/)
  const [defect, ...others] = worker.facts.troubles
  assert.equal(defect, 'carrying out a job: a defect')
  assert.equal(others.length, 2)
  assert.ok(others.every((trouble) => trouble.startsWith('putting jobs back: ')))
})

test('claimed jobs beyond the limit of calls are not lost when putting them back fails', async () => {
  await using memory = await openFreshMemoryStore()
  const left = { failures: 0 }
  const store: Store = { ...memory, putBackJobs: failing(memory.putBackJobs, left) }
  const carts = times(10, (index) => `cart ${index}` as CartId)
  const filling = openService()
  filling.setReply(honest)
  const isIdle = async ({ clock }: Worker) => {
    const { due, leased } = await store.countJobs(clock.now())
    return due + leased === 0
  }
  await using first = openWorker(store, filling)
  for (const id of carts) await first.ask(add(), id)
  await until('all is reserved', () => isIdle(first))
  await first.runner.stop(AbortSignal.abort())
  for (const id of carts) await first.ask(clear, id)
  // Releases share no call: ten are claimed, and only two may be made at once.
  const service = openService()
  service.setReply(honest)
  left.failures = 1
  const { clock } = first
  const narrow = { clock, workerId: 'narrow', concurrency: 2, batchSize: 5 }
  await using worker = openWorker(store, service, narrow)
  await until('all is released', () => isIdle(worker))
  assert.equal(service.calls.length, 10)
})

test('jobs of a worker that died go to another worker, and count as lost calls', async () => {
  await using store = await openFreshMemoryStore()
  const dead = openService()
  await using first = openWorker(store, dead, { workerId: 'dead' })
  const { clock } = first
  await first.ask(add())
  const [lost, service] = [await dead.call(0), openService()]
  // Dead to the others: it does not beat any more.
  first.runner.pause()
  clock.advance(31_000)
  await using next = openWorker(store, service, { workerId: 'next', clock })
  const call = await service.call(0)
  assert.deepEqual(call.keys, lost.keys)
  assert.equal(next.facts.unknown, 1)
  // It was paused only, and has an answer first: the same hold, as the key is the same.
  lost.answer({ kind: 'reserved', holdId: holdOf('it') })
  await until('it is recorded', () => first.runner.callsOpen() === 0)
  assert.ok(await isReserved(next))
  call.answer({ kind: 'reserved', holdId: holdOf('it') })
  await until('it is recorded', () => next.runner.callsOpen() === 0)
  const { items, departing } = await next.cart()
  assert.deepEqual([items[0]?.reservations.length, departing], [1, []])
  const { due, leased, scheduled, buried } = await store.countJobs(clock.now())
  assert.deepEqual([due, leased, scheduled, buried], [0, 0, 0, 0])
})

test('jobs of a worker that died are started by the heartbeat that finds it dead', async () => {
  await using store = await openFreshMemoryStore()
  const [dead, service] = [openService(), openService()]
  await using first = openWorker(store, dead, { workerId: 'dead' })
  const { clock } = first
  // A beat every 10 ms of this test, a lease by the clock that it moves.
  const settings = { workerId: 'next', clock, leaseMs: 30, pollMs: 600_000 }
  await using next = openWorker(store, service, settings)
  next.runner.nudge()
  await first.ask(add())
  await dead.call(0)
  first.runner.pause()
  clock.advance(31)
  await service.call(0)
  assert.equal(next.facts.unknown, 1)
})

test('a worker that returns does not put back a job that another worker has', async () => {
  await using memory = await openFreshMemoryStore()
  const putBack: (readonly [string, readonly PutBack[]])[] = []
  const store: Store = {
    ...memory,
    putBackJobs: (workerId, jobs, now) => {
      putBack.push([workerId, jobs])
      return memory.putBackJobs(workerId, jobs, now)
    },
  }
  const [dead, service] = [openService(), openService()]
  await using first = openWorker(store, dead, { workerId: 'dead' })
  const { clock } = first
  await first.ask(add())
  const lost = await dead.call(0)
  first.runner.pause()
  clock.advance(31_000)
  await using next = openWorker(store, service, { workerId: 'next', clock })
  await service.call(0)
  lost.answer(again())
  await until('it has tried', () => first.runner.callsOpen() === 0)
  assert.deepEqual(
    putBack.map(([workerId]) => workerId),
    ['dead'],
  )
  assert.equal((await store.countJobs(clock.now())).leased, 1)
  assert.equal(next.runner.callsOpen(), 1)
})
