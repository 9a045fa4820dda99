// The client against the simulator: its ledger shows what the service really holds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SimulatorOptions } from '../../../simulator/options.ts'
import { startSimulator } from '../../../simulator/start.ts'
import type { Grade } from '../../../src/ports/reservation-client.ts'
import { calm, connect, holdOf, keyOf, wanted } from './odd-service.ts'

const open = async (options: Partial<SimulatorOptions> = {}, timeoutMs = 2_000) => {
  const fast = { latencyMinMs: 0, latencyMaxMs: 5, releaseLatencyMs: 0 }
  const simulator = await startSimulator({ ...fast, ...options })
  const grade: Grade = options.grade ?? 'keyed'
  const client = connect(new URL(simulator.url), { grade, timeoutMs })
  return {
    simulator,
    client,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]()
      await simulator[Symbol.asyncDispose]()
    },
  }
}

test('repeated requests with one key make one hold', async () => {
  await using world = await open()
  const ask = () => world.client.reserve(wanted('k', 3), calm())
  const outcomes = await Promise.all(Array.from({ length: 10 }, ask))
  assert.equal(new Set(outcomes.map((o) => JSON.stringify(o))).size, 1)
  const [hold, ...others] = world.simulator.ledger.holds()
  assert.deepEqual(outcomes[0], { kind: 'reserved', holdId: String(hold?.reservationId) })
  assert.deepEqual([hold?.key, hold?.reference, hold?.item, hold?.quantity], ['k', 'k', 'lamp', 3])
  assert.equal(others.length, 0)
})

test('a reservation of a product that is sold out is refused', async () => {
  await using world = await open({ rateRefuse: 1 })
  const outcome = await world.client.reserve(wanted(), calm())
  assert.deepEqual(outcome, { kind: 'refused', reason: 'answered 409' })
})

test('a reservation that is answered with an error is tried again, its outcome in doubt', async () => {
  await using world = await open({ rateError: 1 })
  const outcome = await world.client.reserve(wanted(), calm())
  assert.ok(outcome.kind === 'again' && outcome.inDoubt)
})

for (const [fault, holds] of [
  ['rateResetBefore', 0],
  ['rateResetAfter', 1],
  ['rateGarbage', 1],
  ['rateHang', 0],
] as const) {
  test(`after ${fault} the outcome is unknown, and a repeat with the key gets the one hold`, async () => {
    await using world = await open({ [fault]: 1 }, 300)
    assert.equal((await world.client.reserve(wanted('k'), calm())).kind, 'unknown')
    assert.equal(world.simulator.ledger.count().active, holds)
    world.simulator.configure({ [fault]: 0 })
    assert.equal((await world.client.reserve(wanted('k'), calm())).kind, 'reserved')
    assert.equal(world.simulator.ledger.count().active, 1)
    assert.equal(world.simulator.stats.answersLost, 1)
  })
}

test('a late success is found by its key after the timeout', async () => {
  await using world = await open({ rateLate: 1, lateMs: 400 }, 150)
  assert.equal((await world.client.reserve(wanted('k'), calm())).kind, 'unknown')
  const deadline = Date.now() + 5_000
  while (world.simulator.ledger.count().active === 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  world.simulator.configure({ rateLate: 0 })
  assert.equal((await world.client.reserve(wanted('k'), calm())).kind, 'reserved')
  assert.equal(world.simulator.ledger.count().active, 1)
})

test('a hold is released once, and a second release succeeds as well', async () => {
  await using world = await open()
  const outcome = await world.client.reserve(wanted('k'), calm())
  assert.ok(outcome.kind === 'reserved')
  const release = () => world.client.release(keyOf('k'), outcome.holdId, calm())
  assert.deepEqual(await release(), { kind: 'released' })
  assert.deepEqual(world.simulator.ledger.count(), { active: 0, released: 1 })
  assert.deepEqual(await release(), { kind: 'released' })
  const never = await world.client.release(keyOf('k'), holdOf('999999'), calm())
  assert.deepEqual(never, { kind: 'released' })
  world.simulator.configure({ rateReleaseError: 1 })
  assert.equal((await release()).kind, 'again')
})

test('grade lookup: a lost hold is found again by its reference', async () => {
  await using world = await open({ grade: 'lookup', rateResetAfter: 1 })
  assert.deepEqual(await world.client.lookup(keyOf('k'), calm()), { kind: 'missing' })
  assert.equal((await world.client.reserve(wanted('k'), calm())).kind, 'unknown')
  const [hold] = world.simulator.ledger.holds()
  const found = await world.client.lookup(keyOf('k'), calm())
  assert.deepEqual(found, { kind: 'found', holdId: String(hold?.reservationId) })
  await world.client.release(keyOf('k'), holdOf(String(hold?.reservationId)), calm())
  assert.deepEqual(await world.client.lookup(keyOf('k'), calm()), { kind: 'missing' })
})

test('grade bare: a repeat with the same key makes another hold', async () => {
  await using world = await open({ grade: 'bare' })
  const first = await world.client.reserve(wanted('k'), calm())
  const second = await world.client.reserve(wanted('k'), calm())
  assert.ok(first.kind === 'reserved' && second.kind === 'reserved')
  assert.notEqual(first.holdId, second.holdId)
})

test('a batch has an outcome for each request, also when some are sold out', async () => {
  await using world = await open({ rateRefuse: 0.5, seed: 7 })
  const requests = Array.from({ length: 40 }, (_, n) => wanted(`k${n}`, 1, `item${n}`))
  const outcomes = await world.client.reserveBatch(requests, calm())
  const reserved = outcomes.filter((o) => o.kind === 'reserved').length
  assert.equal(outcomes.filter((o) => o.kind === 'refused').length, 40 - reserved)
  assert.ok(reserved > 0 && reserved < 40)
  for (const [n, outcome] of outcomes.entries()) {
    const held = world.simulator.ledger.holds({ reference: `k${n}` })
    assert.equal(held.length, outcome.kind === 'reserved' ? 1 : 0)
    if (outcome.kind === 'reserved') assert.equal(outcome.holdId, String(held[0]?.reservationId))
  }
  assert.equal(world.simulator.stats.batches, 1)
})

test('a thousand slow calls are open at once', async () => {
  await using world = await open({ latencyMinMs: 500, latencyMaxMs: 700 }, 10_000)
  const simulatorUrl = new URL(world.simulator.url)
  await using client = connect(simulatorUrl, { connections: 1_000, timeoutMs: 20_000 })
  const calls = Array.from({ length: 1_000 }, (_, n) => client.reserve(wanted(`k${n}`), calm()))
  const outcomes = await Promise.all(calls)
  assert.ok(outcomes.every((outcome) => outcome.kind === 'reserved'))
  assert.ok(world.simulator.stats.inFlightMax > 500, String(world.simulator.stats.inFlightMax))
})
