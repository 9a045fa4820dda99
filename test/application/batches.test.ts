// Jobs that are due together share a call, each with its own outcome.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CartId } from '../../src/domain/ids.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { until } from '../support/store-processes.ts'
import { holdOf, honest, openService, unknown } from './fake-service.ts'
import { times } from './over-stores.ts'
import { add, clear } from './requests.ts'
import { openWorker, type Worker } from './worker.ts'

const cartIds = (count: number) => times(count, (index) => `cart ${index}` as CartId)

/** Due together: they are added while the breaker is open. */
const addTogether = async (
  worker: Worker,
  service: ReturnType<typeof openService>,
  count: number,
): Promise<void> => {
  service.setBreaker('open')
  for (const cartId of cartIds(count)) await worker.ask(add(1, `item of ${cartId}`), cartId)
  service.setBreaker('closed')
  worker.runner.nudge()
}

test('jobs that are due together are sent in calls of the allowed size', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setBreaker('open')
  await using worker = openWorker(store, service, { batchSize: 3 })
  await addTogether(worker, service, 7)
  await until('all are called', () => service.calls.flatMap(({ keys }) => keys).length === 7)
  assert.deepEqual(service.calls.map(({ method, keys }) => `${method} ${keys.length}`).sort(), [
    'batch 3',
    'batch 3',
    'reserve 1',
  ])
  assert.equal(new Set(service.calls.flatMap(({ keys }) => keys)).size, 7)
  const requests = service.calls.flatMap((call) => call.requests)
  assert.deepEqual(
    requests.map(({ productId, quantity }) => [productId, quantity]).sort(),
    cartIds(7).map((cartId) => [`item of ${cartId}`, 1]),
  )
  service.setReply(honest)
  await until('all is recorded', () => worker.runner.callsOpen() === 0)
  assert.equal((await store.countJobs(worker.clock.now())).due, 0)
})

test('each job of a batch has its own outcome, and one without is put back as unknown', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setBreaker('open')
  await using worker = openWorker(store, service, { batchSize: 10 })
  await addTogether(worker, service, 5)
  const call = await service.call(0)
  call.answer([
    { kind: 'reserved', holdId: holdOf('first') },
    { kind: 'refused', reason: 'sold out' },
    { kind: 'rejected', reason: '401' },
    unknown,
  ])
  await until('all is recorded', () => worker.runner.callsOpen() === 0)
  const carts = await Promise.all(cartIds(5).map((id) => store.load(id, [])))
  const stateOf = (key: string | undefined) =>
    carts
      .flatMap(({ cart }) => cart.items.flatMap((item) => item.reservations))
      .find((r) => r.key === key)?.status
  assert.deepEqual(call.keys.map(stateOf), [
    'reserved',
    'unavailable',
    'failed',
    'pending',
    'pending',
  ])
  const [, , , fourth, fifth] = await Promise.all(call.keys.map((key) => store.findJob(key)))
  const now = worker.clock.now()
  assert.deepEqual([fourth?.unknownAt, fourth?.lastError], [now, 'reset'])
  assert.deepEqual([fifth?.unknownAt, fifth?.lastError], [now, 'not in the answer to the batch'])
  assert.equal(worker.facts.unknown, 2)
})

test('releases are sent one by one', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setReply(honest)
  await using worker = openWorker(store, service, { batchSize: 10 })
  await addTogether(worker, service, 3)
  await until('all is recorded', async () => {
    const { due, leased } = await store.countJobs(worker.clock.now())
    return due + leased === 0
  })
  for (const cartId of cartIds(3)) await worker.ask(clear, cartId)
  await until('all is released', async () => {
    const { due, leased } = await store.countJobs(worker.clock.now())
    return due + leased === 0
  })
  const releases = service.calls.filter(({ method }) => method === 'release')
  assert.deepEqual(
    releases.map(({ keys }) => keys.length),
    [1, 1, 1],
  )
})

test('with batches no more calls are open at once than allowed', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setReply(honest)
  const settings = { batchSize: 5, concurrency: 2 }
  await using first = openWorker(store, service, settings)
  await addTogether(first, service, 20)
  const isIdle = async () => {
    const { due, leased } = await store.countJobs(first.clock.now())
    return due + leased === 0
  }
  await until('all is recorded', isIdle)
  await first.runner.stop(AbortSignal.abort())
  // Many holds to release, one call each.
  for (const cartId of cartIds(20)) await first.ask(clear, cartId)
  const slow = openService()
  await using next = openWorker(store, slow, { ...settings, workerId: 'next', clock: first.clock })
  await slow.call(1)
  await sleep(50)
  assert.deepEqual([slow.calls.length, next.runner.callsOpen()], [2, 2])
  slow.setReply(honest)
  await until('all is released', isIdle)
  assert.equal(slow.calls.length, 20)
})
