// Reservations, releases and look-ups in the three grades.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startSimulator } from '../../simulator/start.ts'
import { call, fast, release, reserve, until } from './support.ts'

test('a reservation makes one active hold and is answered with its numeric id', async () => {
  await using simulator = await startSimulator(fast)
  const { status, body } = await call(`${simulator.url}/reserve`, 'POST', { item: 'abc' })
  assert.equal(status, 200)
  const [hold, ...others] = simulator.ledger.holds()
  assert.deepEqual(others, [])
  assert.deepEqual(body, { reservation_id: hold?.reservationId })
  assert.equal(hold?.item, 'abc')
  assert.equal(hold?.quantity, 1)
  assert.equal(hold?.state, 'active')
})

test('reservation ids increase', async () => {
  await using simulator = await startSimulator(fast)
  const first = await reserve(simulator.url, 'a')
  const second = await reserve(simulator.url, 'b')
  assert.ok(Number(second.body.reservation_id) > Number(first.body.reservation_id))
})

test('grade keyed: the same key is answered with the same hold, also when it is released', async () => {
  await using simulator = await startSimulator({ ...fast, rateRefuse: 0 })
  const first = await reserve(simulator.url, 'k')
  simulator.configure({ rateRefuse: 1 })
  assert.deepEqual(await reserve(simulator.url, 'k'), first)
  await release(simulator.url, first.body.reservation_id)
  assert.deepEqual(await reserve(simulator.url, 'k'), first)
  assert.equal(simulator.ledger.holds().length, 1)
  assert.equal(simulator.stats.repeated, 2)
})

test('grade keyed: concurrent attempts with one key make one hold', async () => {
  await using simulator = await startSimulator({ ...fast, latencyMaxMs: 20 })
  const answers = await Promise.all(Array.from({ length: 50 }, () => reserve(simulator.url, 'k')))
  assert.equal(new Set(answers.map(({ body }) => body.reservation_id)).size, 1)
  assert.deepEqual(simulator.ledger.count(), { active: 1, released: 0 })
})

test('grade keyed: concurrent attempts with one key are all refused, or none of them', async () => {
  await using simulator = await startSimulator({ ...fast, latencyMaxMs: 30, rateRefuse: 0.5 })
  for (let round = 0; round < 20; round += 1) {
    simulator.configure({ latencyMinMs: 30 })
    const attempts = Array.from({ length: 5 }, () => reserve(simulator.url, `k${round}`))
    const statuses = new Set((await Promise.all(attempts)).map(({ status }) => status))
    assert.equal(statuses.size, 1)
  }
})

test('grade keyed: without a key every call makes a hold', async () => {
  await using simulator = await startSimulator(fast)
  await reserve(simulator.url)
  await reserve(simulator.url)
  assert.equal(simulator.ledger.holds().length, 2)
})

test('grade keyed: a key that is used with another quantity is counted and changes nothing', async () => {
  await using simulator = await startSimulator(fast)
  const url = `${simulator.url}/reserve`
  const first = await call(url, 'POST', { item: 'abc', quantity: 1 }, 'k')
  assert.deepEqual(await call(url, 'POST', { item: 'abc', quantity: 2 }, 'k'), first)
  assert.equal(simulator.stats.keyConflicts, 1)
  assert.equal(simulator.ledger.holds()[0]?.quantity, 1)
})

for (const grade of ['lookup', 'bare'] as const) {
  test(`grade ${grade}: every call makes a hold and surplus ones are counted`, async () => {
    await using simulator = await startSimulator({ ...fast, grade })
    await reserve(simulator.url, 'k')
    await reserve(simulator.url, 'k')
    assert.deepEqual(simulator.ledger.count('k'), { active: 2, released: 0 })
    assert.equal(simulator.stats.duplicateHolds, 1)
  })
}

test('grade lookup: a look-up finds the newest active hold of a reference, or none', async () => {
  await using simulator = await startSimulator({ ...fast, grade: 'lookup' })
  const url = `${simulator.url}/reserve?reference=r`
  assert.equal((await call(url)).status, 404)
  const first = await reserve(simulator.url, 'r')
  const second = await reserve(simulator.url, 'r')
  assert.deepEqual(await call(url), second)
  await release(simulator.url, second.body.reservation_id)
  assert.deepEqual(await call(url), first)
  await release(simulator.url, first.body.reservation_id)
  assert.equal((await call(url)).status, 404)
})

for (const grade of ['keyed', 'bare'] as const) {
  test(`grade ${grade}: there is no look-up`, async () => {
    await using simulator = await startSimulator({ ...fast, grade })
    assert.equal((await call(`${simulator.url}/reserve?reference=r`)).status, 405)
  })
}

test('a release works once, then answers 410; an unknown id answers 404', async () => {
  await using simulator = await startSimulator(fast)
  const { body } = await reserve(simulator.url, 'k')
  const first = await release(simulator.url, body.reservation_id)
  assert.deepEqual(first, { status: 200, body: { released: true } })
  assert.equal((await release(simulator.url, body.reservation_id)).status, 410)
  assert.equal((await release(simulator.url, 999)).status, 404)
  assert.equal((await release(simulator.url, 'abc')).status, 404)
  assert.deepEqual(simulator.ledger.count(), { active: 0, released: 1 })
  assert.equal(simulator.stats.released, 1)
})

test('a release that fails has no effect', async () => {
  await using simulator = await startSimulator({ ...fast, rateReleaseError: 1 })
  const { body } = await reserve(simulator.url, 'k')
  assert.equal((await release(simulator.url, body.reservation_id)).status, 500)
  assert.deepEqual(simulator.ledger.count(), { active: 1, released: 0 })
  simulator.configure({ rateReleaseError: 0 })
  assert.equal((await release(simulator.url, body.reservation_id)).status, 200)
})

test('a hold is made at the end of the latency', async () => {
  await using simulator = await startSimulator({ ...fast, latencyMinMs: 200, latencyMaxMs: 200 })
  const startedAt = Date.now()
  const answer = reserve(simulator.url, 'k')
  await until('the call is under way', () => simulator.stats.working === 1)
  assert.equal(simulator.ledger.holds().length, 0)
  await answer
  assert.ok(Date.now() - startedAt >= 199)
  assert.equal(simulator.ledger.holds().length, 1)
})

test('a hold is made also when the client disconnects during the latency', async () => {
  await using simulator = await startSimulator({ ...fast, latencyMinMs: 200, latencyMaxMs: 200 })
  const body = '{"item":"abc","reference":"gone"}'
  const socket = connect(simulator.port, '127.0.0.1')
  socket.write(`POST /reserve HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  await until('the call is under way', () => simulator.stats.working === 1)
  socket.destroy()
  await until('the loss is known', () => simulator.stats.answersLost === 1)
  assert.equal(simulator.ledger.holds().length, 0)
  await until('the effect is made', () => simulator.stats.working === 0)
  assert.equal(simulator.ledger.holds()[0]?.reference, 'gone')
  assert.equal(simulator.stats.answersLost, 1)
  assert.equal(simulator.stats.inFlight, 0)
})

test('bad input is refused with 400 and has no effect', async () => {
  await using simulator = await startSimulator(fast)
  const url = `${simulator.url}/reserve`
  const bodies = [
    '{',
    '[]',
    'null',
    {},
    { item: '' },
    { item: 1 },
    { item: 'a'.repeat(257) },
    { item: 'a', quantity: 0 },
    { item: 'a', quantity: 1.5 },
    { item: 'a', quantity: '1' },
    { item: 'a', quantity: null },
    { item: 'a', reference: 7 },
    { item: 'a', colour: 'red' },
  ]
  for (const body of bodies) {
    const answer = await call(url, 'POST', body)
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.equal(typeof answer.body.error, 'string')
  }
  assert.equal((await call(url, 'POST', { item: 'a' }, 'two words')).status, 400)
  assert.equal(simulator.ledger.holds().length, 0)
  assert.equal(simulator.stats.calls, 0)
  assert.equal(simulator.stats.invalid, bodies.length + 1)
})

test('a body that is too long is refused', async () => {
  await using simulator = await startSimulator(fast)
  const answer = await call(`${simulator.url}/reserve`, 'POST', {
    item: 'a'.repeat(9 << 20),
  }).catch(
    // The refusal may overtake the body, whose sending then fails.
    () => ({ status: 413 }),
  )
  assert.equal(answer.status, 413)
  assert.equal(simulator.stats.invalid, 1)
})

test('an unknown path is 404, and an unknown method is 405', async () => {
  await using simulator = await startSimulator(fast)
  assert.equal((await call(`${simulator.url}/nowhere`)).status, 404)
  assert.equal((await call(`${simulator.url}/ledger`, 'DELETE')).status, 405)
  assert.equal((await call(`${simulator.url}/reserve/1`, 'POST', {})).status, 405)
})
