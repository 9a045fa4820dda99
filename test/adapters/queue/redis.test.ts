// The queue on a real Redis: hints are spread, kept apart and passed on.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisProgramIsMissing } from '../../support/server-redis.ts'
import { until } from '../../support/store-processes.ts'
import {
  aWhileMs,
  ids,
  open,
  openAll,
  server,
  sorted,
  startServer,
  takeAll,
} from './open-queues.ts'

describe('the queue on Redis', { skip: redisProgramIsMissing() }, () => {
  before(startServer)
  after(() => server[Symbol.asyncDispose]())

  spreads()
  passesOn()
})

function spreads() {
  test('spreads ids over two workers, each to one of them', async () => {
    await using queues = await openAll(2)
    const all = ids(300)
    await Promise.all([queues.putter.put(all.slice(0, 150)), queues.putter.put(all.slice(150))])
    const taken = await takeAll(queues.workers, 300)
    assert.deepEqual(sorted(taken), all.toSorted())
    assert.ok(
      taken.every((own) => own.length > 20),
      taken.map((own) => own.length).join(),
    )
    await sleep(aWhileMs)
    assert.deepEqual(
      queues.workers.flatMap((queue) => queue.take(9)),
      [],
    )
    assert.ok(queues.workers.every((queue) => queue.notified() > 0))
  })

  test('skips ids that it has already, and accepts them again once they are done', async () => {
    await using queues = await openAll(1)
    const [worker] = queues.workers
    assert.ok(worker)
    worker.rest()
    const all = ids(10)
    for (let round = 0; round < 3; round += 1) await queues.putter.put(all)
    assert.deepEqual(sorted(await takeAll([worker], 10)), all)
    await sleep(aWhileMs)
    assert.deepEqual(worker.take(99), [])
    await queues.putter.put(all)
    assert.deepEqual(sorted(await takeAll([worker], 10)), all)
  })

  test('delivers at most one hint to a worker that wants none', async () => {
    await using queues = await openAll(1)
    const [worker] = queues.workers
    assert.ok(worker)
    worker.want(0)
    await queues.putter.put(ids(10))
    await until('one has come', () => worker.notified() > 0)
    await sleep(aWhileMs)
    const [only, ...others] = worker.take(99)
    assert.deepEqual(others, [])
    worker.want(3)
    only?.done()
    await sleep(aWhileMs)
    assert.equal(worker.take(99).length, 3)
  })

  test('returns at most the limit of a take, and nothing when it is empty', async () => {
    await using queues = await openAll(1)
    const [worker] = queues.workers
    assert.ok(worker)
    assert.deepEqual(worker.take(5), [])
    worker.want(10)
    await queues.putter.put(ids(5))
    await queues.putter.put([])
    await until('all have come', () => worker.notified() === 5)
    assert.equal(worker.take(2).length, 2)
    assert.equal(worker.take(0).length, 0)
    assert.equal(worker.take(9).length, 3)
  })

  test('keeps two installations on one server apart', async () => {
    await using here = await openAll(1)
    await using there = await openAll(1)
    await here.putter.put(ids(5, 'here'))
    await there.putter.put(ids(5, 'there'))
    assert.deepEqual(sorted(await takeAll(here.workers, 5)), ids(5, 'here'))
    assert.deepEqual(sorted(await takeAll(there.workers, 5)), ids(5, 'there'))
  })
}

function passesOn() {
  test('gives the hints of a worker that rests to the others, and delivers to it again later', async () => {
    await using queues = await openAll(2)
    const [tired, other] = queues.workers
    assert.ok(tired && other)
    other.rest()
    await sleep(aWhileMs)
    tired.want(20)
    await queues.putter.put(ids(10))
    await until('all have come', () => tired.notified() === 10)
    tired.rest()
    assert.deepEqual(tired.take(99), [])
    assert.deepEqual(sorted(await takeAll([other], 10)), ids(10))
    await queues.putter.put(ids(10, 'more'))
    assert.deepEqual(sorted(await takeAll([other], 10)), ids(10, 'more'))
    assert.deepEqual(tired.take(99), [])
    other.rest()
    await sleep(aWhileMs)
    await queues.putter.put(ids(10, 'again'))
    assert.deepEqual(sorted(await takeAll([tired], 10)), ids(10, 'again'))
    assert.deepEqual([...tired.troubles, ...other.troubles], [])
  })

  test('loses no hint of a worker that rests and wants in quick turns', async () => {
    await using queues = await openAll(1)
    const [worker] = queues.workers
    assert.ok(worker)
    await queues.putter.put(ids(100))
    const taken = new Set<string>()
    for (let turn = 0; turn < 30; turn += 1) {
      worker.want(5)
      await sleep(turn % 4 === 0 ? 20 : 0)
      for (const hint of worker.take(2)) {
        taken.add(hint.id)
        hint.done()
      }
      worker.rest()
      await sleep(turn % 3 === 0 ? 10 : 0)
    }
    for (const id of (await takeAll([worker], 100 - taken.size)).flat()) taken.add(id)
    assert.deepEqual([...taken].toSorted(), ids(100).toSorted())
    assert.deepEqual(worker.troubles, [])
  })

  test('gives the hints of a worker that ends to the others at once', async () => {
    await using queues = await openAll(1)
    const [other] = queues.workers
    assert.ok(other)
    other.rest()
    await sleep(aWhileMs)
    const ending = open(queues.prefix)
    ending.want(20)
    await queues.putter.put(ids(10))
    await until('all have come', () => ending.notified() === 10)
    await ending[Symbol.asyncDispose]()
    assert.deepEqual(sorted(await takeAll([other], 10)), ids(10))
  })
}
