// Settings: from the environment, and changed while the simulator runs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OptionsError, readOptions } from '../../simulator/options.ts'
import { startSimulator } from '../../simulator/start.ts'
import { call, fast, reserve } from './support.ts'

test('an empty environment gives the documented defaults', () => {
  const { host, port, ledger, grade, seed, latencyMinMs, latencyMaxMs, lateMs } = readOptions({
    SIMULATOR_PORT: '',
  })
  assert.deepEqual([host, port, ledger], ['127.0.0.1', 8081, './data/simulator.db'])
  assert.deepEqual([grade, seed], ['keyed', null])
  assert.deepEqual([latencyMinMs, latencyMaxMs, lateMs], [2_000, 35_000, 150_000])
})

test('every kind of option can be set in the environment', () => {
  const options = readOptions({
    SIMULATOR_PORT: '9000',
    SIMULATOR_GRADE: 'bare',
    SIMULATOR_SEED: '0',
    SIMULATOR_LATENCY_MIN_MS: '1',
    SIMULATOR_LATENCY_MAX_MS: '2',
    SIMULATOR_RATE_HANG: '.25',
    SIMULATOR_RATE_RELEASE_ERROR: '1',
  })
  assert.deepEqual([options.port, options.grade, options.seed], [9_000, 'bare', 0])
  assert.deepEqual([options.latencyMinMs, options.latencyMaxMs], [1, 2])
  assert.deepEqual([options.rateHang, options.rateReleaseError], [0.25, 1])
})

test('every mistake in the environment is reported at once', () => {
  const read = () =>
    readOptions({
      SIMULATOR_PORT: '70000',
      SIMULATOR_GRADE: 'best',
      SIMULATOR_SEED: '1e3',
      SIMULATOR_LATENCY_MIN_MS: '40000',
      SIMULATOR_LATE_MS: '-1',
      SIMULATOR_RATE_ERROR: '0.7',
      SIMULATOR_RATE_HANG: '0.7',
      SIMULATOR_RATE_LATE: '2',
      SIMULATOR_PARENT: 'mother',
    })
  assert.throws(read, (error) => {
    assert.ok(error instanceof OptionsError)
    const names = error.mistakes.map((mistake) => mistake.split(' ')[0])
    assert.deepEqual(names, [
      'SIMULATOR_LATE_MS',
      'SIMULATOR_RATE_LATE',
      'SIMULATOR_PORT',
      'SIMULATOR_GRADE',
      'SIMULATOR_SEED',
      'SIMULATOR_PARENT',
      'SIMULATOR_LATENCY_MIN_MS',
      'SIMULATOR_RATE_ERROR',
    ])
    return true
  })
})

test('rates that add up to one are accepted, whatever the rounding', () => {
  const rates = { SIMULATOR_RATE_ERROR: '0.7', SIMULATOR_RATE_HANG: '0.2' }
  readOptions({ ...rates, SIMULATOR_RATE_LATE: '0.1' })
})

test('PATCH /settings applies to later calls', async () => {
  await using simulator = await startSimulator(fast)
  const url = `${simulator.url}/settings`
  const changed = await call(url, 'PATCH', { rate_error: 1, latency_max_ms: 3 })
  assert.equal(changed.status, 200)
  assert.equal(changed.body.rate_error, 1)
  assert.deepEqual(await call(url), changed)
  assert.equal(simulator.settings.latencyMaxMs, 3)
  assert.equal((await reserve(simulator.url)).status, 500)
})

test('PATCH /settings refuses a mistake and changes nothing', async () => {
  await using simulator = await startSimulator(fast)
  const url = `${simulator.url}/settings`
  const before = await call(url)
  const mistakes = [
    { rate_error: 1.1 },
    { rate_error: -0.1 },
    { rate_error: '1' },
    { rate_error: null },
    { rate_error: 0.6, rate_hang: 0.6 },
    { latency_min_ms: 10 },
    { latency_max_ms: 1.5 },
    { latency_max_ms: 1e12 },
    { port: 1 },
    { rate_eror: 1 },
    { __proto__: null, rate_error: 1, grade: 'bare' },
    [],
    'x',
    null,
  ]
  for (const mistake of mistakes) {
    const answer = await call(url, 'PATCH', JSON.stringify(mistake))
    assert.equal(answer.status, 400, JSON.stringify(mistake))
  }
  const both = await call(url, 'PATCH', { rate_eror: 1, latency_max_ms: -1 })
  assert.equal((both.body.errors as string[]).length, 2)
  assert.deepEqual(await call(url), before)
})

test('configure and startSimulator refuse what the environment would refuse', async () => {
  await assert.rejects(startSimulator({ rateHang: 2 }), OptionsError)
  await using simulator = await startSimulator(fast)
  assert.throws(() => simulator.configure({ rateHang: Number.NaN }), OptionsError)
  assert.equal(simulator.settings.rateHang, 0)
})

test('GET /stats shows the counters', async () => {
  await using simulator = await startSimulator(fast)
  await reserve(simulator.url, 'k')
  const { body } = await call(`${simulator.url}/stats`)
  assert.equal(body.calls, 1)
  assert.equal(body.reserved, 1)
  assert.equal(body.in_flight_max, 1)
  assert.equal(body.answers_lost, 0)
})
