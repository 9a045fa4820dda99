// The queue on a real Redis: hints are spread, passed on and put anew, and its troubles stay its own.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRedisQueue } from '../../../src/adapters/queue/redis.ts'
import type { JobQueue } from '../../../src/ports/job-queue.ts'
import { times } from '../../application/over-stores.ts'
import { type RedisServer, redisProgramIsMissing, startRedis } from '../../support/server-redis.ts'
import { until } from '../../support/store-processes.ts'

let server: RedisServer
let prefixes = 0

type Opened = JobQueue & { readonly troubles: readonly Error[]; readonly heard: () => number }

const open = (prefix: string, isWorker = true): Opened => {
  const troubles: Error[] = []
  let heard = 0
  const queue = openRedisQueue({
    url: server.url,
    prefix,
    isWorker,
    onHints: () => {
      heard += 1
    },
    onTrouble: (error) => troubles.push(error),
  })
  return { ...queue, troubles, heard: () => heard }
}

/** Queues of one installation, in the order: who puts, then the workers. */
const openAll = async (workers: number) => {
  prefixes += 1
  const prefix = `test${prefixes}`
  const stack = new AsyncDisposableStack()
  const putter = stack.use(open(prefix, false))
  const opened = times(workers, () => stack.use(open(prefix)))
  await Promise.all([putter, ...opened].map((queue) => untilUp(queue)))
  return { prefix, putter, workers: opened, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const untilUp = (queue: JobQueue, isUp = true) =>
  until(isUp ? 'it is up' : 'it is down', () => queue.isUp() === isUp)

/** Takes and is done with what comes, until there is as much. */
const takeAll = async (queues: readonly JobQueue[], count: number): Promise<string[][]> => {
  const taken: string[][] = queues.map(() => [])
  await until(`${count} have come`, () => {
    for (const [place, queue] of queues.entries()) {
      queue.want(20)
      for (const hint of queue.take(20)) {
        taken[place]?.push(hint.id)
        hint.done()
      }
    }
    return taken.flat().length >= count
  })
  return taken
}

const ids = (count: number, name = 'job') => times(count, (place) => `${name}-${place}`)
const sorted = (taken: readonly (readonly string[])[]) => taken.flat().toSorted()
// Longer than a hint is on its way.
const aWhileMs = 300

describe('the queue on Redis', { skip: redisProgramIsMissing() }, () => {
  before(async () => {
    server = await startRedis()
  })
  after(() => server[Symbol.asyncDispose]())

  spreads()
  passesOn()
  survives()
  ends()
})

function spreads() {
  test('spreads ids over two workers, each to one of them', async () => {
    await using place = await openAll(2)
    const all = ids(300)
    await Promise.all([place.putter.put(all.slice(0, 150)), place.putter.put(all.slice(150))])
    const taken = await takeAll(place.workers, 300)
    assert.deepEqual(sorted(taken), all.toSorted())
    assert.ok(
      taken.every((own) => own.length > 20),
      taken.map((own) => own.length).join(),
    )
    await sleep(aWhileMs)
    assert.deepEqual(
      place.workers.flatMap((queue) => queue.take(9)),
      [],
    )
    assert.ok(place.workers.every((queue) => queue.heard() > 0))
  })

  test('passes over ids that it has already, and takes them anew once they are done', async () => {
    await using place = await openAll(1)
    const [worker] = place.workers
    assert.ok(worker)
    worker.rest()
    const all = ids(10)
    for (let round = 0; round < 3; round += 1) await place.putter.put(all)
    assert.deepEqual(sorted(await takeAll([worker], 10)), all)
    await sleep(aWhileMs)
    assert.deepEqual(worker.take(99), [])
    await place.putter.put(all)
    assert.deepEqual(sorted(await takeAll([worker], 10)), all)
  })

  test('lets at most one come to a worker that wants none', async () => {
    await using place = await openAll(1)
    const [worker] = place.workers
    assert.ok(worker)
    worker.want(0)
    await place.putter.put(ids(10))
    await until('one has come', () => worker.heard() > 0)
    await sleep(aWhileMs)
    const [only, ...others] = worker.take(99)
    assert.deepEqual(others, [])
    worker.want(3)
    only?.done()
    await sleep(aWhileMs)
    assert.equal(worker.take(99).length, 3)
  })

  test('takes no more than its limit, and none that is not there', async () => {
    await using place = await openAll(1)
    const [worker] = place.workers
    assert.ok(worker)
    assert.deepEqual(worker.take(5), [])
    worker.want(10)
    await place.putter.put(ids(5))
    await place.putter.put([])
    await until('all have come', () => worker.heard() === 5)
    assert.equal(worker.take(2).length, 2)
    assert.equal(worker.take(0).length, 0)
    assert.equal(worker.take(9).length, 3)
  })

  test('tells two installations on one server apart', async () => {
    await using here = await openAll(1)
    await using there = await openAll(1)
    await here.putter.put(ids(5, 'here'))
    await there.putter.put(ids(5, 'there'))
    assert.deepEqual(sorted(await takeAll(here.workers, 5)), ids(5, 'here'))
    assert.deepEqual(sorted(await takeAll(there.workers, 5)), ids(5, 'there'))
  })
}

function passesOn() {
  test('gives what came for a worker that rests to the others, and comes back to it', async () => {
    await using place = await openAll(2)
    const [tired, other] = place.workers
    assert.ok(tired && other)
    other.rest()
    await sleep(aWhileMs)
    tired.want(20)
    await place.putter.put(ids(10))
    await until('all have come', () => tired.heard() === 10)
    tired.rest()
    assert.deepEqual(tired.take(99), [])
    assert.deepEqual(sorted(await takeAll([other], 10)), ids(10))
    await place.putter.put(ids(10, 'more'))
    assert.deepEqual(sorted(await takeAll([other], 10)), ids(10, 'more'))
    assert.deepEqual(tired.take(99), [])
    other.rest()
    await sleep(aWhileMs)
    await place.putter.put(ids(10, 'again'))
    assert.deepEqual(sorted(await takeAll([tired], 10)), ids(10, 'again'))
    assert.deepEqual([...tired.troubles, ...other.troubles], [])
  })

  test('a worker that rests and wants in quick turns loses nothing', async () => {
    await using place = await openAll(1)
    const [worker] = place.workers
    assert.ok(worker)
    await place.putter.put(ids(100))
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

  test('gives what came for a worker that ends to the others at once', async () => {
    await using place = await openAll(1)
    const [other] = place.workers
    assert.ok(other)
    other.rest()
    await sleep(aWhileMs)
    const ending = open(place.prefix)
    ending.want(20)
    await place.putter.put(ids(10))
    await until('all have come', () => ending.heard() === 10)
    await ending[Symbol.asyncDispose]()
    assert.deepEqual(sorted(await takeAll([other], 10)), ids(10))
  })
}

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
