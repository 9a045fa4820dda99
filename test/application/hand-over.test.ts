// Handing due jobs to a queue: jobs that it refuses are free at once, jobs that it loses are handed over again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { handOverJobs } from '../../src/application/jobs/hand-over.ts'
import type { JobQueue } from '../../src/ports/job-queue.ts'
import type { HandOverStore } from '../../src/ports/store.ts'
import { until } from '../support/store-processes.ts'
import { times } from './over-stores.ts'
import { openRecorder } from './recorder.ts'
import { holdClock } from './worker.ts'

type World = {
  readonly due: string[]
  readonly put: (readonly string[])[]
  readonly takenBack: number[]
  isUp: boolean
  refuses: boolean
}

const open = ({ pollMs = 5, leaseMs = 30_000 } = {}) => {
  const world: World = { due: [], put: [], takenBack: [], isUp: true, refuses: false }
  const clock = holdClock()
  const { reporter, facts } = openRecorder()
  let handed: { id: string; at: number }[] = []
  const store: HandOverStore = {
    handOverJobs: async (now, limit) => {
      const ids = world.due.splice(0, limit)
      handed.push(...ids.map((id) => ({ id, at: now })))
      return ids
    },
    claimHandedJobs: async () => [],
    takeBackHandedJobs: async (before) => {
      world.takenBack.push(before)
      const back = handed.filter(({ at }) => at < before)
      handed = handed.filter(({ at }) => at >= before)
      world.due.push(...back.map(({ id }) => id))
      return back.length
    },
  }
  const queue: JobQueue = {
    name: 'fake',
    isUp: () => world.isUp,
    put: async (ids) => {
      if (world.refuses) throw new Error('no')
      world.put.push(ids)
    },
    take: () => [],
    want: () => {},
    rest: () => {},
    [Symbol.asyncDispose]: async () => {},
  }
  const parts = { store, queue, clock, reporter }
  const handOver = handOverJobs(parts, { pollMs, leaseMs })
  return { world, store, parts, clock, facts, ...handOver, [Symbol.asyncDispose]: handOver.stop }
}

test('jobs are put into the queue when they are due, also those that become due later', async () => {
  await using it = open()
  it.world.due.push('a', 'b')
  await until('both are there', () => it.world.put.length === 1)
  it.world.due.push('c')
  await until('the third is there', () => it.world.put.length === 2)
  assert.deepEqual(it.world.put, [['a', 'b'], ['c']])
})

test('a nudge hands due jobs over before the next poll, many of them in bounded groups', async () => {
  await using it = open({ pollMs: 60_000 })
  it.world.due.push(...times(1_200, (index) => `j${index}`))
  it.nudge()
  await until('all are there', () => it.world.put.flat().length === 1_200)
  assert.deepEqual(
    it.world.put.map((ids) => ids.length),
    [500, 500, 200],
  )
})

test('jobs that the queue refuses go back to the store at once, and the trouble is reported', async () => {
  await using it = open({ pollMs: 60_000 })
  it.world.refuses = true
  it.world.due.push('a')
  it.nudge()
  await until('it is back', () => it.world.takenBack.length === 1)
  assert.deepEqual(it.world.due, ['a'])
  assert.deepEqual(it.facts.troubles, ['handing jobs to the queue: no'])
  it.world.refuses = false
  it.nudge()
  await until('it is there', () => it.world.put.length === 1)
})

test('while the queue is down no job is handed over', async () => {
  await using it = open()
  it.world.isUp = false
  it.world.due.push('a')
  it.nudge()
  await sleep(50)
  assert.deepEqual([it.world.due, it.world.put], [['a'], []])
  it.world.isUp = true
  await until('it is there', () => it.world.put.length === 1)
})

test('a job that no worker leased in time is handed over again', async () => {
  await using it = open({ pollMs: 60_000, leaseMs: 60 })
  it.world.due.push('a')
  it.nudge()
  await until('it is there', () => it.world.put.length === 1)
  await until('it was looked for', () => it.world.takenBack.length >= 2)
  assert.equal(it.world.put.length, 1)
  it.clock.advance(61)
  await until('it is there again', () => it.world.put.length === 2)
  assert.deepEqual(it.world.put, [['a'], ['a']])
})

test('stopping waits for calls of the store that are under way, and then makes no others', async () => {
  const gate = Promise.withResolvers<void>()
  await using idle = open({ pollMs: 60_000 })
  const { parts, world } = idle
  let underWay = 0
  const slowly = async <T>(work: () => Promise<T>, lateMs = 0): Promise<T> => {
    underWay += 1
    await gate.promise
    await sleep(lateMs)
    const result = await work()
    underWay -= 1
    return result
  }
  const { store } = parts
  const slow: HandOverStore = {
    ...store,
    handOverJobs: (...args) => slowly(() => store.handOverJobs(...args)),
    takeBackHandedJobs: (...args) => slowly(() => store.takeBackHandedJobs(...args), 20),
  }
  const it = handOverJobs({ ...parts, store: slow }, { pollMs: 5, leaseMs: 15 })
  await until('both are under way', () => underWay >= 2)
  const stopping = it.stop().then(() => underWay)
  gate.resolve()
  assert.equal(await stopping, 0)
  const asked = world.takenBack.length
  it.nudge()
  await sleep(50)
  assert.deepEqual([world.takenBack.length, underWay], [asked, 0])
})
