// Each fault: what the client sees, what the ledger holds, what the counters show.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { buildRandom, drawFault, drawLatencyMs } from '../../simulator/faults.ts'
import { fillOptions } from '../../simulator/options.ts'
import { startSimulator } from '../../simulator/start.ts'
import { fast, reserve, until } from './support.ts'

/** Sends one reservation over a bare socket, to see how the connection ends. */
async function post(port: number, reference: string) {
  const body = JSON.stringify({ item: 'apple', reference })
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let received = ''
  let failure: string | undefined
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    failure = cause.code
  })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(
    `POST /reserve HTTP/1.1\r\nhost: x\r\nidempotency-key: ${reference}\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  )
  return { socket, closed, received: () => received, failure: () => failure }
}

test('fault refuse: the answer is 409, without a hold', async () => {
  await using simulator = await startSimulator({ ...fast, rateRefuse: 1 })
  assert.equal((await reserve(simulator.url, 'k')).status, 409)
  assert.equal(simulator.ledger.holds().length, 0)
  assert.equal(simulator.stats.refused, 1)
  assert.equal(simulator.stats.answersLost, 0)
})

test('fault refuse: it is drawn again for the next attempt', async () => {
  await using simulator = await startSimulator({ ...fast, rateRefuse: 1 })
  await reserve(simulator.url, 'k')
  simulator.configure({ rateRefuse: 0 })
  assert.equal((await reserve(simulator.url, 'k')).status, 200)
})

test('fault error: the answer is 500, without a hold', async () => {
  await using simulator = await startSimulator({ ...fast, rateError: 1 })
  assert.equal((await reserve(simulator.url, 'k')).status, 500)
  assert.equal(simulator.ledger.holds().length, 0)
  assert.equal(simulator.stats.errors, 1)
  assert.equal(simulator.stats.answersLost, 0)
})

const resets = [
  { name: 'reset before', rates: { rateResetBefore: 1 }, holds: 0, count: 'resetsBefore' },
  { name: 'reset after', rates: { rateResetAfter: 1 }, holds: 1, count: 'resetsAfter' },
] as const

for (const { name, rates, holds, count } of resets) {
  test(`fault ${name}: the connection is reset without a byte, with ${holds} holds`, async () => {
    await using simulator = await startSimulator({ ...fast, ...rates })
    const client = await post(simulator.port, 'k')
    await client.closed
    assert.equal(client.failure(), 'ECONNRESET')
    assert.equal(client.received(), '')
    assert.equal(simulator.ledger.holds().length, holds)
    assert.equal(simulator.stats[count], 1)
    await until('the loss is known', () => simulator.stats.answersLost === 1)
  })
}

test('fault reset after: a repeat with the key gets the hold', async () => {
  await using simulator = await startSimulator({ ...fast, rateResetAfter: 1 })
  await assert.rejects(reserve(simulator.url, 'k'))
  simulator.configure({ rateResetAfter: 0 })
  const { body } = await reserve(simulator.url, 'k')
  assert.equal(body.reservation_id, simulator.ledger.holds()[0]?.reservationId)
  assert.equal(simulator.ledger.holds().length, 1)
})

test('fault hang: the connection stays open, and the loss counts when the client gives up', async () => {
  await using simulator = await startSimulator({ ...fast, rateHang: 1 })
  const client = await post(simulator.port, 'k')
  await until('the call hangs', () => simulator.stats.hangs === 1)
  // Calls that came later are answered meanwhile, so this one would have been as well.
  simulator.configure({ rateHang: 0 })
  await reserve(simulator.url, 'other')
  assert.equal(simulator.stats.answersLost, 0)
  assert.equal(simulator.stats.inFlight, 1)
  assert.equal(client.socket.readyState, 'open')
  client.socket.destroy()
  await until('the loss is known', () => simulator.stats.answersLost === 1)
  assert.equal(client.received(), '')
  assert.deepEqual(simulator.ledger.holds({ reference: 'k' }), [])
})

test('fault late: the hold is made after the client has disconnected, and the loss counts once', async () => {
  await using simulator = await startSimulator({ ...fast, rateLate: 1, lateMs: 150 })
  const client = await post(simulator.port, 'k')
  await until('the call is under way', () => simulator.stats.working === 1)
  client.socket.destroy()
  await until('the loss is known', () => simulator.stats.answersLost === 1)
  assert.equal(simulator.ledger.holds().length, 0)
  await until('the effect is made', () => simulator.stats.late === 1)
  assert.equal(simulator.ledger.holds().length, 1)
  assert.equal(simulator.stats.answersLost, 1)
})

test('fault late: a client that waits long enough gets its answer, and nothing is lost', async () => {
  await using simulator = await startSimulator({ ...fast, rateLate: 1, lateMs: 100 })
  assert.equal((await reserve(simulator.url, 'k')).status, 200)
  assert.equal(simulator.stats.late, 1)
  assert.equal(simulator.stats.answersLost, 0)
})

test('fault garbage: the answer is 200 without a readable id, with a hold, counted once', async () => {
  await using simulator = await startSimulator({ ...fast, rateGarbage: 1 })
  for (let attempt = 1; attempt <= 30; attempt += 1) {
    const response = await fetch(`${simulator.url}/reserve`, {
      method: 'POST',
      body: JSON.stringify({ item: 'apple' }),
    })
    assert.equal(response.status, 200)
    const text = await response.text()
    assert.doesNotMatch(text, /"reservation_id": ?("[^"]|\d+\D)/)
    assert.equal(simulator.stats.garbage, attempt)
    assert.equal(simulator.stats.answersLost, attempt)
    assert.equal(simulator.ledger.holds().length, attempt)
  }
})

test('fault garbage: the loss counts once when the client has disconnected', async () => {
  await using simulator = await startSimulator({
    ...fast,
    rateGarbage: 1,
    latencyMinMs: 150,
    latencyMaxMs: 150,
  })
  const client = await post(simulator.port, 'k')
  await until('the call is under way', () => simulator.stats.working === 1)
  client.socket.destroy()
  await until('the loss is known', () => simulator.stats.answersLost === 1)
  await until('the effect is made', () => simulator.stats.garbage === 1)
  await until('the call has ended', () => simulator.stats.inFlight === 0)
  // One more call proves that the turn in which the garbage was answered is over.
  simulator.configure({ rateGarbage: 0, latencyMinMs: 0 })
  await reserve(simulator.url, 'other')
  assert.equal(simulator.stats.answersLost, 1)
})

test('answers_lost is what the clients themselves count, over all faults together', async () => {
  await using simulator = await startSimulator({
    ...fast,
    seed: 7,
    latencyMaxMs: 20,
    lateMs: 4_000,
    rateError: 0.1,
    rateResetBefore: 0.1,
    rateResetAfter: 0.1,
    rateHang: 0.1,
    rateLate: 0.1,
    rateGarbage: 0.1,
    rateRefuse: 0.2,
  })
  const attempt = async (reference: string) => {
    try {
      const response = await fetch(`${simulator.url}/reserve`, {
        method: 'POST',
        body: JSON.stringify({ item: 'apple', reference }),
        signal: AbortSignal.timeout(2_000),
      })
      const text = await response.text()
      if (response.status !== 200) return 'answered'
      return /^\{"reservation_id":\d+\}$/.test(text) ? 'answered' : 'lost'
    } catch {
      return 'lost'
    }
  }
  const outcomes = await Promise.all(Array.from({ length: 400 }, (_, n) => attempt(`r${n}`)))
  const lost = outcomes.filter((outcome) => outcome === 'lost').length
  await until('all work is done', () => simulator.stats.working + simulator.stats.inFlight === 0)
  const { stats } = simulator
  assert.equal(stats.answersLost, lost)
  assert.equal(
    stats.answersLost,
    stats.resetsBefore + stats.resetsAfter + stats.hangs + stats.late + stats.garbage,
  )
  for (const count of [stats.hangs, stats.late, stats.garbage, stats.errors, stats.refused]) {
    assert.ok(count > 0)
  }
  assert.equal(stats.reserved, simulator.ledger.holds().length)
})

test('draws of one seed are one sequence, with faults at their rates and latencies in range', () => {
  const live = fillOptions({ rateError: 0.2, rateHang: 0.3, latencyMinMs: 5, latencyMaxMs: 9 })
  const draw = (seed: number) => {
    const random = buildRandom(seed)
    return Array.from({ length: 10_000 }, () => drawFault(random, live))
  }
  assert.deepEqual(draw(3), draw(3))
  assert.notDeepEqual(draw(3), draw(4))
  const share = (fault: string) => draw(3).filter((drawn) => drawn === fault).length / 10_000
  assert.ok(Math.abs(share('error') - 0.2) < 0.02)
  assert.ok(Math.abs(share('hang') - 0.3) < 0.02)
  assert.equal(share('garbage'), 0)
  const random = buildRandom(5)
  const latencies = new Set(Array.from({ length: 1_000 }, () => drawLatencyMs(random, live)))
  assert.deepEqual([...latencies].sort(), [5, 6, 7, 8, 9])
})
