// A Redis that forgets, is gone or holds still: the queue says so, comes back and can be let go of.
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
  test('goes on after all its keys are gone, when ids are put anew', async () => {
    await using place = await openAll(2)
    const [first] = place.workers
    assert.ok(first)
    await place.putter.put(ids(50))
    first.want(10)
    await until('some have come', () => first.heard() >= 5)
    const held = first.take(5)
    await server.flushAll()
    for (const hint of held) hint.done()
    await place.putter.put(ids(50, 'anew'))
    const anew = new Set<string>()
    await until('all that is new has come', () => {
      for (const queue of place.workers) {
        queue.want(20)
        for (const { id, done } of queue.take(20)) {
          if (id.startsWith('anew')) anew.add(id)
          done()
        }
      }
      return anew.size === 50
    })
    assert.ok(place.putter.isUp())
  })

  test('is down while its server is killed, and works again with what is put then', async () => {
    await using place = await openAll(2)
    const { putter, workers } = place
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
    await putter.put(ids(30, 'anew'))
    const taken = await takeAll(workers, 30)
    assert.deepEqual(sorted(taken), ids(30, 'anew').toSorted())
    // Said, and not over and over.
    assert.ok(workers.every(({ troubles }) => troubles.length <= 3))
  })

  test('counts as down when its server holds still', async () => {
    await using place = await openAll(1)
    await using _ = { [Symbol.asyncDispose]: server.thaw }
    const { putter, workers } = place
    await server.freeze()
    await rejectsWithin(putter, 3_000)
    await Promise.all([putter, ...workers].map((queue) => untilUp(queue, false)))
    // Who put in vain says so.
    assert.ok(putter.troubles.length <= 1)
    await server.thaw()
    await Promise.all([putter, ...workers].map((queue) => untilUp(queue)))
    await putter.put(ids(5))
    const taken = await takeAll(workers, 5)
    assert.ok(ids(5).every((id) => taken.flat().includes(id)))
  })

  test('that has not been reached yet is down, says so once, and comes up by itself', async () => {
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
    ['is gone', () => server.kill(), () => server.start()],
    ['holds still', () => server.freeze(), () => server.thaw()],
  ] as const) {
    test(`can be let go of while its server ${what}, with hints in hand and on their way`, async () => {
      const place = await openAll(2)
      const { putter, workers } = place
      const [worker, idle] = workers
      assert.ok(worker && idle)
      worker.want(10)
      idle.rest()
      await putter.put(ids(20))
      await until('some have come', () => worker.heard() > 3)
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

  test('can be let go of before it was ever reached', async () => {
    await server.stop()
    await using _ = { [Symbol.asyncDispose]: () => server.start() }
    await Promise.all(
      [open('never', false), open('never')].map((queue) => endsWithin(queue, 2_500)),
    )
  })
}
