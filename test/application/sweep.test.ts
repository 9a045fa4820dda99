import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sweepRegularly } from '../../src/application/sweep.ts'
import type { Store, SweepBounds } from '../../src/ports/store.ts'
import { ada, buildAnswer, buildChange, buildEntry, mustCommit } from '../support/store-changes.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { until } from '../support/store-processes.ts'
import { unavailable } from '../support/store-wrappers.ts'
import { times } from './over-stores.ts'
import { openRecorder } from './recorder.ts'
import { holdClock } from './worker.ts'

const settings = { everyMs: 5, answersKeptMs: 1_000, journalKeptMs: 5_000 }

test('answers and journal entries are deleted after their time, in as many batches as needed', async () => {
  await using store = await openFreshMemoryStore()
  const clock = holdClock()
  const at = clock.now()
  const answers = times(1_200, (index) => buildAnswer(`k${index}`, { at }))
  const events = times(1_200, (index) => buildEntry(1, index, { at }))
  await mustCommit(store, buildChange({ at, answers, events }))
  const left = async () => [
    (await store.load(ada, answers)).answers.length,
    (await store.readJournal(ada, 0, 9_999)).length,
  ]
  const sweep = sweepRegularly(store, clock, openRecorder().reporter, settings)
  clock.advance(1_000)
  await sleep(30)
  assert.deepEqual(await left(), [1_200, 1_200])
  clock.advance(1)
  await until('the answers are gone', async () => (await left())[0] === 0)
  assert.deepEqual(await left(), [0, 1_200])
  clock.advance(4_000)
  await until('the journal is gone', async () => (await left())[1] === 0)
  sweep.stop()
})

const openWatched = (work: (bounds: SweepBounds) => Promise<number>) => {
  const bounds: SweepBounds[] = []
  const sweep = (given: SweepBounds) => {
    bounds.push(given)
    return work(given)
  }
  return { store: { sweep } as unknown as Store, bounds }
}

test('no round of sweeps starts while another one is under way', async () => {
  const gate = Promise.withResolvers<number>()
  const { store, bounds } = openWatched(() => gate.promise)
  const sweep = sweepRegularly(store, holdClock(), openRecorder().reporter, settings)
  await until('it has begun', () => bounds.length > 0)
  await sleep(30)
  assert.equal(bounds.length, 1)
  gate.resolve(0)
  await until('the next round has begun', () => bounds.length > 1)
  sweep.stop()
})

test('a round of sweeps ends also when there is always more to sweep', async () => {
  const { store, bounds } = openWatched(async () => 1)
  const slow = { ...settings, everyMs: 20 }
  const sweep = sweepRegularly(store, holdClock(), openRecorder().reporter, slow)
  await until('it has begun', () => bounds.length > 0)
  sweep.stop()
  await sleep(30)
  assert.ok(bounds.length > 1 && bounds.length <= 1_000, `${bounds.length} batches`)
  assert.ok(bounds.every(({ limit }) => limit > 0 && limit <= 1_000))
})

test('a sweep that fails is reported, and the next one is made', async () => {
  const { reporter, facts } = openRecorder()
  const { store } = openWatched(() => Promise.reject(unavailable()))
  const sweep = sweepRegularly(store, holdClock(), reporter, settings)
  await until('it has failed twice', () => facts.troubles.length >= 2)
  sweep.stop()
  assert.match(facts.troubles[0] ?? '', /^sweeping what is too old: /)
})

test('no sweep is made after the sweeps were stopped', async () => {
  const { store, bounds } = openWatched(async () => 0)
  const sweep = sweepRegularly(store, holdClock(), openRecorder().reporter, settings)
  await until('it has begun', () => bounds.length > 0)
  sweep.stop()
  const before = bounds.length
  await sleep(30)
  assert.equal(bounds.length, before)
})
