// Many reservations in one call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSimulator } from '../../simulator/start.ts'
import { call, fast, reserve } from './support.ts'

const toReservations = (references: readonly string[]) => ({
  reservations: references.map((reference) => ({ item: 'apple', quantity: 2, reference })),
})

type Result = { reference: string; reservation_id?: number; error?: { status: number } }

async function reserveBatch(url: string, references: readonly string[]) {
  const { status, body } = await call(`${url}/reserve/batch`, 'POST', toReservations(references))
  return { status, results: body.results as Result[] }
}

test('each reservation of a batch has its own hold', async () => {
  await using simulator = await startSimulator(fast)
  const { status, results } = await reserveBatch(simulator.url, ['a', 'b', 'c'])
  assert.equal(status, 200)
  assert.deepEqual(
    results,
    simulator.ledger.holds().map(({ reference, reservationId }) => {
      return { reference, reservation_id: reservationId }
    }),
  )
  assert.deepEqual(simulator.ledger.holds()[0]?.quantity, 2)
  assert.equal(simulator.stats.calls, 1)
  assert.equal(simulator.stats.attempts, 3)
})

test('each reservation of a batch is refused or not, independently of the others', async () => {
  await using simulator = await startSimulator({ ...fast, rateRefuse: 0.5, seed: 1 })
  const references = Array.from({ length: 200 }, (_, index) => `r${index}`)
  const { results } = await reserveBatch(simulator.url, references)
  assert.deepEqual(
    results.map(({ reference }) => reference),
    references,
  )
  const refused = results.filter(({ error }) => error?.status === 409)
  assert.ok(refused.length > 50 && refused.length < 150)
  assert.equal(simulator.stats.refused, refused.length)
  const held = new Map(
    simulator.ledger.holds().map(({ reference, reservationId }) => [reference, reservationId]),
  )
  for (const { reference, reservation_id } of results) {
    assert.equal(held.get(reference), reservation_id)
  }
})

test('grade keyed: a reference has one hold, within batches and in single calls', async () => {
  await using simulator = await startSimulator(fast)
  const single = await reserve(simulator.url, 'a')
  const first = await reserveBatch(simulator.url, ['a', 'b', 'b'])
  const second = await reserveBatch(simulator.url, ['b', 'a'])
  assert.equal(simulator.ledger.holds().length, 2)
  assert.equal(first.results[0]?.reservation_id, single.body.reservation_id)
  assert.equal(first.results[1]?.reservation_id, first.results[2]?.reservation_id)
  assert.equal(second.results[0]?.reservation_id, first.results[1]?.reservation_id)
})

test('grade bare: every reservation of every batch makes a hold', async () => {
  await using simulator = await startSimulator({ ...fast, grade: 'bare' })
  await reserveBatch(simulator.url, ['a', 'a'])
  await reserveBatch(simulator.url, ['a'])
  assert.equal(simulator.ledger.count('a').active, 3)
})

test('a fault affects a whole batch, and each of its reservations loses its answer', async () => {
  await using simulator = await startSimulator({ ...fast, rateError: 1 })
  const failed = await call(`${simulator.url}/reserve/batch`, 'POST', toReservations(['a', 'b']))
  assert.equal(failed.status, 500)
  assert.equal(simulator.stats.answersLost, 0)
  simulator.configure({ rateError: 0, rateResetAfter: 1 })
  await assert.rejects(reserveBatch(simulator.url, ['a', 'b']))
  assert.equal(simulator.ledger.holds().length, 2)
  assert.equal(simulator.stats.answersLost, 2)
  assert.equal(simulator.stats.callsWithoutAnswer, 1)
})

test('a batch holds 1 to 1,000 reservations, each with a reference', async () => {
  await using simulator = await startSimulator(fast)
  const url = `${simulator.url}/reserve/batch`
  const references = Array.from({ length: 1_001 }, (_, index) => `r${index}`)
  assert.equal((await reserveBatch(simulator.url, references.slice(1))).status, 200)
  assert.equal((await call(url, 'POST', toReservations(references))).status, 400)
  assert.equal((await call(url, 'POST', { reservations: [] })).status, 400)
  assert.equal((await call(url, 'POST', { reservations: [{ item: 'a' }] })).status, 400)
  assert.equal((await call(url, 'POST', {})).status, 400)
  assert.equal(simulator.ledger.holds().length, 1_000)
})
