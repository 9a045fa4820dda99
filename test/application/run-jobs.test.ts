// Jobs are carried out: the service is called, and what it answers is recorded in the cart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toFlat } from '../support/flat-reservation.ts'
import { openFreshMemoryStore, openFreshSqliteStore } from '../support/store-folders.ts'
import { until } from '../support/store-processes.ts'
import { holdOf, honest, openService } from './fake-service.ts'
import { onlyItem } from './handler.ts'
import { times } from './over-stores.ts'
import { add, remove, set } from './requests.ts'
import { openWorker } from './worker.ts'

const none = { due: 0, scheduled: 0, leased: 0, buried: 0, oldestDueAt: null }

for (const open of [openFreshMemoryStore, openFreshSqliteStore]) {
  test('an addition is reserved by one call, which is recorded, and its job is deleted', async () => {
    await using store = await open()
    const service = openService()
    await using worker = openWorker(store, service, { pollMs: 60_000 })
    await worker.ask(add(3))
    // At once, not at the next poll.
    const call = await service.call(0)
    const { key } = onlyItem(await worker.cart()).reservations[0] ?? {}
    assert.ok(key !== undefined)
    assert.equal(call.method, 'reserve')
    const [request] = call.requests
    assert.deepEqual([request?.key, request?.productId, request?.quantity], [key, 'tea', 3])
    worker.clock.advance(40)
    call.answer({ kind: 'reserved', holdId: holdOf('it') })
    await until('it is recorded', async () => (await store.findJob(key)) === null)
    const [reservation] = onlyItem(await worker.cart()).reservations
    assert.ok(reservation)
    const { status, holdId, attempts, settledAt } = toFlat(reservation)
    assert.deepEqual(
      [status, holdId, attempts, settledAt],
      ['reserved', holdOf('it'), 1, worker.clock.now()],
    )
    assert.deepEqual(worker.facts.calls, [{ kind: 'reserve', outcome: 'reserved', durationMs: 40 }])
    assert.deepEqual(await store.countJobs(worker.clock.now()), none)
    assert.equal(service.calls.length, 1)
  })
}

test('an addition that the service refuses is unavailable, and is not requested again', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setReply(() => ({ kind: 'refused', reason: 'sold out' }))
  await using worker = openWorker(store, service)
  await worker.ask(add(3))
  const status = async () => onlyItem(await worker.cart()).reservations[0]?.status
  await until('it is recorded', async () => (await status()) === 'unavailable')
  worker.clock.advance(10_000_000)
  worker.runner.nudge()
  assert.deepEqual(await store.countJobs(worker.clock.now()), none)
  assert.equal(service.calls.length, 1)
})

test('an addition that the service rejects has failed, and its job is buried', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setReply(() => ({ kind: 'rejected', reason: '401' }))
  await using worker = openWorker(store, service)
  await worker.ask(add(3))
  await until('it is buried', async () => (await store.listBuried(null, 9)).length === 1)
  const [job] = await store.listBuried(null, 9)
  assert.deepEqual([job?.lastError, job?.attempts], ['401', 1])
  const [reservation] = onlyItem(await worker.cart()).reservations
  assert.ok(reservation)
  const { status, reason, outcomeUnknown } = toFlat(reservation)
  assert.deepEqual([status, reason, outcomeUnknown], ['failed', '401', false])
  assert.deepEqual(worker.facts.buried, [`${job?.id}: 401`])
})

test('the hold of an item that is removed is released', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add(3))
  ;(await service.call(0)).answer({ kind: 'reserved', holdId: holdOf('it') })
  const { id } = onlyItem(await worker.cart())
  await until('it is reserved', async () => {
    return onlyItem(await worker.cart()).reservations[0]?.status === 'reserved'
  })
  await worker.ask(remove(id))
  const call = await service.call(1)
  assert.deepEqual([call.method, call.holdId], ['release', holdOf('it')])
  assert.equal((await worker.cart()).departing.length, 1)
  call.answer({ kind: 'released' })
  await until('it has gone', async () => (await worker.cart()).departing.length === 0)
  assert.deepEqual(await store.countJobs(worker.clock.now()), none)
})

test('the hold of an item removed during its call is released when the answer comes', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  await worker.ask(add(3))
  const call = await service.call(0)
  await worker.ask(remove(onlyItem(await worker.cart()).id))
  assert.equal(call.signal.aborted, false)
  call.answer({ kind: 'reserved', holdId: holdOf('late') })
  const release = await service.call(1)
  assert.deepEqual([release.method, release.holdId], ['release', holdOf('late')])
  release.answer({ kind: 'released' })
  await until('it has gone', async () => (await worker.cart()).departing.length === 0)
  assert.deepEqual(await store.countJobs(worker.clock.now()), none)
})

test('an addition that is cancelled before its first call makes no call', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setBreaker('open')
  await using worker = openWorker(store, service)
  await worker.ask(add(3))
  await worker.ask(remove(onlyItem(await worker.cart()).id))
  assert.equal((await worker.cart()).departing.length, 1)
  service.setBreaker('closed')
  await until('it has gone', async () => (await worker.cart()).departing.length === 0)
  assert.deepEqual(await store.countJobs(worker.clock.now()), none)
  assert.equal(service.calls.length, 0)
})

test('no more calls are open than allowed, and the next one starts when one ends', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service, { concurrency: 3, pollMs: 60_000 })
  await Promise.all(times(10, (index) => worker.ask(add(1, `p${index}`))))
  for (let ended = 0; ended < 10; ended += 1) {
    const open = Math.min(3, 10 - ended)
    await until(`${open} calls are open`, () => {
      assert.ok(worker.runner.callsOpen() <= 3)
      return worker.runner.callsOpen() === open && service.openCalls().length === open
    })
    assert.equal(service.calls.length, Math.min(10, ended + 3))
    const [call] = service.openCalls()
    assert.ok(call)
    call.answer(honest(call))
  }
  await until('all is recorded', async () => worker.runner.callsOpen() === 0)
  assert.deepEqual(await store.countJobs(worker.clock.now()), none)
})

test('thousands of jobs are all carried out, each by one call', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  service.setReply(honest)
  await using worker = openWorker(store, service, { concurrency: 50 })
  await Promise.all(times(2_000, (index) => worker.ask(add(1, 'tea'), `cart ${index}` as never)))
  await until('all is done', async () => {
    const { due, leased, scheduled } = await store.countJobs(worker.clock.now())
    return due + leased + scheduled === 0
  })
  assert.equal(service.calls.length, 2_000)
  assert.equal(new Set(service.calls.flatMap(({ keys }) => keys)).size, 2_000)
})

test('a quantity that changes many times ends with a hold of the wanted units, no more', async () => {
  await using store = await openFreshMemoryStore()
  const service = openService()
  await using worker = openWorker(store, service)
  for (const quantity of [9, 4, 7, 2, 5]) {
    await worker.ask(quantity === 9 ? add(9) : set(onlyItem(await worker.cart()).id, quantity))
  }
  service.setReply(honest)
  await until('all is done', async () => {
    const { due, leased, scheduled } = await store.countJobs(worker.clock.now())
    return due + leased + scheduled === 0
  })
  const { items, departing } = await worker.cart()
  const held = items[0]?.reservations.map((r) => (r.status === 'reserved' ? r.quantity : 0))
  assert.equal(
    held?.reduce((sum, units) => sum + units, 0),
    5,
  )
  assert.deepEqual(departing, [])
})
