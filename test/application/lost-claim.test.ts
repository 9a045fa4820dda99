// A claim that the store made and whose answer was lost: no worker has its jobs, and the worker keeps running.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CartError } from '../../src/domain/errors.ts'
import type { Store } from '../../src/ports/store.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { until } from '../support/store-processes.ts'
import { holdOf, openService } from './fake-service.ts'
import { add } from './requests.ts'
import { openWorker } from './worker.ts'

/** Loses the answer to the next claim of a job when `next` is set. */
const openLosing = (store: Store) => {
  const lost = { next: false, count: 0 }
  const losing: Store = {
    ...store,
    claimJobs: async (claim) => {
      const jobs = await store.claimJobs(claim)
      if (!lost.next || jobs.length === 0) return jobs
      lost.next = false
      lost.count += 1
      throw new CartError('store-unavailable', 'the connection broke')
    },
  }
  return { losing, lost }
}

test('a job whose claim was not answered is started a lease later, by the same worker', async () => {
  await using memory = await openFreshMemoryStore()
  const { losing, lost } = openLosing(memory)
  const service = openService()
  await using worker = openWorker(losing, service, { leaseMs: 30 })
  lost.next = true
  await worker.ask(add(3))
  await until('the answer is lost', () => lost.count === 1)
  assert.equal(service.calls.length, 0)
  await until('it is begun', () => {
    worker.clock.advance(1)
    return service.calls.length === 1
  })
  ;(await service.call(0)).answer({ kind: 'reserved', holdId: holdOf('it') })
  await until('nothing is left', async () => {
    const { due, scheduled, leased } = await memory.countJobs(worker.clock.now())
    return due + scheduled + leased === 0
  })
})

test('a call that is open when the answer to a claim is lost keeps its job', async () => {
  await using memory = await openFreshMemoryStore()
  const { losing, lost } = openLosing(memory)
  const service = openService()
  await using worker = openWorker(losing, service, { leaseMs: 30 })
  await worker.ask(add(3, 'first'))
  const first = await service.call(0)
  lost.next = true
  await worker.ask(add(3, 'second'))
  await until('the answer is lost', () => lost.count === 1)
  for (let turn = 0; turn < 50; turn += 1) {
    worker.clock.advance(1)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.equal(service.calls.length, 1)
  first.answer({ kind: 'reserved', holdId: holdOf('first') })
  await until('the other is begun', () => {
    worker.clock.advance(1)
    return service.calls.length === 2
  })
  assert.equal(service.calls[1]?.requests[0]?.productId, 'second')
})
