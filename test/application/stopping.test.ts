// A worker that stops hands back what it has, and leaves nothing open.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CartId } from '../../src/domain/ids.ts'
import type { Claim } from '../../src/ports/store.ts'
import { openFreshMemoryStore, openFreshSqliteStore } from '../support/store-folders.ts'
import { until } from '../support/store-processes.ts'
import { holdOf, honest, openService } from './fake-service.ts'
import { onlyItem } from './handler.ts'
import { times } from './over-stores.ts'
import { add } from './requests.ts'
import { openWorker } from './worker.ts'

for (const open of [openFreshMemoryStore, openFreshSqliteStore]) {
  test('stopping a worker aborts open calls and puts their jobs back, due at once', async () => {
    await using store = await open()
    const service = openService()
    await using worker = openWorker(store, service)
    await Promise.all(times(5, (index) => worker.ask(add(), `cart ${index}` as CartId)))
    await until('all are called', () => service.calls.length === 5)
    worker.clock.advance(500)
    await worker.runner.stop(AbortSignal.abort())
    assert.ok(service.calls.every(({ signal }) => signal.aborted))
    assert.equal(worker.runner.callsOpen(), 0)
    const now = worker.clock.now()
    const counts = { due: 5, scheduled: 0, leased: 0, buried: 0, oldestDueAt: now }
    assert.deepEqual(await store.countJobs(now), counts)
    const jobs = await store.claimJobs({ workerId: 'next', now, limit: 10 })
    for (const { attempts, unknownAt } of jobs) assert.deepEqual([attempts, unknownAt], [2, now])
  })
}

test('a job that a stopped worker put back is carried out by the next, with the same key', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using first = openWorker(store, service)
  await first.ask(add())
  const call = await service.call(0)
  await first.runner.stop(AbortSignal.abort())
  await using next = openWorker(store, service, { workerId: 'next', clock: first.clock })
  const again = await service.call(1)
  assert.deepEqual(again.keys, call.keys)
  again.answer(honest(again))
  await until('it is reserved', async () => {
    return onlyItem(await next.cart()).reservations[0]?.status === 'reserved'
  })
})

test('stopping a worker with a grace period waits for answers, and aborts longer calls', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add(1, 'quick'))
  await worker.ask(add(1, 'slow'))
  const [quick, slow] = [await service.call(0), await service.call(1)]
  const stopped = worker.runner.stop(AbortSignal.timeout(100))
  await sleep(10)
  assert.equal(quick.signal.aborted, false)
  quick.answer({ kind: 'reserved', holdId: holdOf('quick') })
  await stopped
  assert.equal(slow.signal.aborted, true)
  const { items } = await worker.cart()
  assert.deepEqual(
    items.map(({ reservations }) => reservations[0]?.status),
    ['reserved', 'pending'],
  )
  const { due, leased } = await store.countJobs(worker.clock.now())
  assert.deepEqual([due, leased], [1, 0])
})

test('stopping a worker with a grace period ends as soon as all calls are answered', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add())
  const call = await service.call(0)
  const startedAt = performance.now()
  const stopped = worker.runner.stop(AbortSignal.timeout(60_000))
  call.answer(honest(call))
  await stopped
  assert.ok(performance.now() - startedAt < 10_000)
  assert.equal(onlyItem(await worker.cart()).reservations[0]?.status, 'reserved')
})

test('a paused worker takes no more jobs and finishes those it has', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add(1, 'before'))
  const call = await service.call(0)
  worker.runner.pause()
  await worker.ask(add(1, 'after'))
  worker.runner.nudge()
  call.answer(honest(call))
  await until('it is recorded', () => worker.runner.callsOpen() === 0)
  await sleep(30)
  assert.equal(service.calls.length, 1)
  const { due, leased } = await store.countJobs(worker.clock.now())
  assert.deepEqual([due, leased], [1, 0])
  await worker.runner.stop(AbortSignal.abort())
})

test('stopping a worker while it claims jobs puts these back too', async () => {
  await using memory = await openFreshMemoryStore()
  const claimed = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const store = {
    ...memory,
    claimJobs: async (claim: Claim) => {
      const jobs = await memory.claimJobs(claim)
      if (jobs.length > 0) {
        claimed.resolve()
        await gate.promise
      }
      return jobs
    },
  }
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add())
  await claimed.promise
  let isStopped = false
  const stopped = worker.runner.stop(AbortSignal.abort()).then(() => {
    isStopped = true
  })
  await sleep(20)
  assert.equal(isStopped, false)
  gate.resolve()
  await stopped
  assert.equal(worker.runner.callsOpen(), 0)
  assert.deepEqual(service.openCalls(), [])
  const { due, leased } = await store.countJobs(worker.clock.now())
  assert.deepEqual([due, leased], [1, 0])
})

test('a worker can be stopped twice', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add())
  await service.call(0)
  await Promise.all([
    worker.runner.stop(AbortSignal.abort()),
    worker.runner.stop(AbortSignal.timeout(1_000)),
  ])
  await worker.runner.stop(AbortSignal.abort())
  assert.equal((await store.countJobs(worker.clock.now())).due, 1)
})
