// A Redis that loses its keys, is killed or hangs: the queue reports it, works again and can be closed.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobQueue } from '../../../src/ports/job-queue.ts'
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
  untilUp,
} from './open-queues.ts'

describe('the queue on a Redis in trouble', { skip: redisProgramIsMissing() }, () => {
  before(startServer)
  after(() => server[Symbol.asyncDispose]())

  survives()
  ends()
})

const rejectsWithin = async (queue: JobQueue, ms: number): Promise<void> => {
  const startedAt = performance.now()
  await assert.rejects(queue.put(ids(3, 'in vain')))
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs < ms, `${tookMs} ms`)
}

function survives() {
  test('keeps working after all its keys were deleted, when ids are put again', async () => {
    await using queues = await openAll(2)
    const [first] = queues.workers
    assert.ok(first)
    await queues.putter.put(ids(50))
    first.want(10)
    await until('some have come', () => first.notified() >= 5)
    const held = first.take(5)
    await server.flushAll()
    for (const hint of held) hint.done()
    await queues.putter.put(ids(50, 'second'))
    const second = new Set<string>()
    await until('all that is new has come', () => {
      for (const queue of queues.workers) {
        queue.want(20)
        for (const { id, done } of queue.take(20)) {
          if (id.startsWith('second')) second.add(id)
          done()
        }
      }
      return second.size === 50
    })
    assert.ok(queues.putter.isUp())
  })

  test('is down while its server is killed, and works again with ids that are put later', async () => {
    await using queues = await openAll(2)
    const { putter, workers } = queues
    await putter.put(ids(20))
    await server.kill()
    await Promise.all([putter, ...workers].map((queue) => untilUp(queue, false)))
    await rejectsWithin(putter, 500)
    for (const queue of workers) {
      queue.want(10)
      for (const { done } of queue.take(10)) done()
      queue.rest()
    }
    await server.start()
    await Promise.all([putter, ...workers].map((queue) => untilUp(queue)))
    await putter.put(ids(30, 'second'))
    const taken = await takeAll(workers, 30)
    assert.deepEqual(sorted(taken), ids(30, 'second').toSorted())
    // Reported, but not again and again.
    assert.ok(workers.every(({ troubles }) => troubles.length <= 3))
  })

  test('is down while its server hangs', async () => {
    await using queues = await openAll(1)
    await using _ = { [Symbol.asyncDispose]: server.thaw }
    const { putter, workers } = queues
    await server.freeze()
    await rejectsWithin(putter, 3_000)
    await Promise.all([putter, ...workers].map((queue) => untilUp(queue, false)))
    // The rejected put reports it already.
    assert.ok(putter.troubles.length <= 1)
    await server.thaw()
    await Promise.all([putter, ...workers].map((queue) => untilUp(queue)))
    await putter.put(ids(5))
    const taken = await takeAll(workers, 5)
    assert.ok(ids(5).every((id) => taken.flat().includes(id)))
  })

  test('is down until it first reaches its server, and comes up by itself', async () => {
    await server.stop()
    const [putter, worker] = [open('late', false), open('late')]
    await using stack = new AsyncDisposableStack()
    for (const queue of [putter, worker]) stack.use(queue)
    await sleep(aWhileMs)
    assert.equal(putter.isUp(), false)
    await rejectsWithin(putter, 3_000)
    await server.start()
    await untilUp(putter)
    await putter.put(ids(5))
    assert.ok(sorted(await takeAll([worker], 5)).length >= 5)
  })
}

const endsWithin = async (queue: JobQueue, ms: number): Promise<void> => {
  const startedAt = performance.now()
  await queue[Symbol.asyncDispose]()
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs < ms, `${tookMs} ms`)
}

function ends() {
  for (const [what, go, comeBack] of [
    ['is killed', () => server.kill(), () => server.start()],
    ['hangs', () => server.freeze(), () => server.thaw()],
  ] as const) {
    test(`can be closed while its server ${what}, with hints taken and hints under way`, async () => {
      const queues = await openAll(2)
      const { putter, workers } = queues
      const [worker, idle] = workers
      assert.ok(worker && idle)
      worker.want(10)
      idle.rest()
      await putter.put(ids(20))
      await until('some have come', () => worker.notified() > 3)
      const held = worker.take(2)
      await go()
      await using _ = { [Symbol.asyncDispose]: comeBack }
      held[0]?.done()
      await Promise.all([putter, worker, idle].map((queue) => endsWithin(queue, 2_500)))
      held[1]?.done()
      // What fails later must not end the process.
      await sleep(aWhileMs)
    })
  }

  test('can be closed before it first reaches its server', async () => {
    await server.stop()
    await using _ = { [Symbol.asyncDispose]: () => server.start() }
    await Promise.all(
      [open('never', false), open('never')].map((queue) => endsWithin(queue, 2_500)),
    )
  })
}
