// While the circuit breaker is open no call is made; then one call probes the service for all jobs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CartId } from '../../src/domain/ids.ts'
import { openFreshMemoryStore, openFreshSqliteStore } from '../support/store-folders.ts'
import { until } from '../support/store-processes.ts'
import { toCounted } from '../support/store-wrappers.ts'
import { again, honest, openService } from './fake-service.ts'
import { times } from './over-stores.ts'
import { add } from './requests.ts'
import { openWorker, type Worker } from './worker.ts'

// Many polls of 5 ms.
const aWhileMs = 60

const addSome = (worker: Worker, count: number) =>
  Promise.all(times(count, (index) => worker.ask(add(), `cart ${index}` as CartId)))

test('while the breaker is open no job is claimed, and no attempt is counted', async () => {
  const memory = await openFreshMemoryStore()
  const { store, counts } = toCounted(memory)
  const service = openService()
  service.setBreaker('open')
  await using worker = openWorker(store, service)
  await addSome(worker, 5)
  await sleep(aWhileMs)
  assert.equal(counts.claims, 0)
  assert.equal((await store.countJobs(worker.clock.now())).due, 5)
  service.setReply(honest)
  service.setBreaker('closed')
  await until('all are called', () => service.calls.length === 5)
})

test('with a half-open breaker exactly one call is made until its answer is recorded', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setBreaker('half-open')
  await using worker = openWorker(store, service)
  await addSome(worker, 5)
  const probe = await service.call(0)
  await sleep(aWhileMs)
  worker.runner.nudge()
  await sleep(aWhileMs)
  assert.equal(service.calls.length, 1)
  assert.equal((await store.countJobs(worker.clock.now())).leased, 1)
  service.setBreaker('closed')
  probe.answer(honest(probe))
  await until('the others follow', () => service.calls.length === 5)
})

test('with a half-open breaker and batches the one call is for one job', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setBreaker('half-open')
  await using worker = openWorker(store, service, { batchSize: 10 })
  await addSome(worker, 5)
  const probe = await service.call(0)
  await sleep(aWhileMs)
  assert.deepEqual([probe.method, service.calls.length], ['reserve', 1])
})

test('a failed call with a half-open breaker leaves the other jobs due', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setBreaker('half-open')
  await using worker = openWorker(store, service)
  await addSome(worker, 5)
  const probe = await service.call(0)
  service.setBreaker('open')
  probe.answer(again())
  await until('it is back', async () => (await store.countJobs(worker.clock.now())).leased === 0)
  await sleep(aWhileMs)
  const { due, scheduled } = await store.countJobs(worker.clock.now())
  assert.deepEqual([due, scheduled, service.calls.length], [4, 1, 1])
})

for (const open of [openFreshMemoryStore, openFreshSqliteStore]) {
  test('with a half-open breaker and no job due, jobs are claimed at every poll, and no more', async () => {
    await using opened = await open()
    const { store, counts } = toCounted(opened)
    const service = openService()
    service.setBreaker('half-open')
    let polls = 0
    const limited = {
      ...store,
      claimJobs: (claim: Parameters<typeof store.claimJobs>[0]) => {
        polls += 1
        // A runner that never waits would block this test for ever.
        return polls > 1_000 ? new Promise<never>(() => {}) : store.claimJobs(claim)
      },
    }
    await using worker = openWorker(limited, service, { pollMs: 10 })
    await sleep(100)
    assert.ok(counts.claims > 1 && counts.claims <= 40, `${counts.claims} claims`)
    await worker.runner.stop(AbortSignal.abort())
  })
}
