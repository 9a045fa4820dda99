// The circuit breaker: around all calls, opens when nothing works, tries one call after a while.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReservationClient } from '../../../src/ports/reservation-client.ts'
import { calm, connect, findDeadUrl, holdOf, keyOf, openOddService, wanted } from './odd-service.ts'

const breaker = { enabled: true, cooldownMs: 300 }

const openSwitched = async () => {
  const state = { status: 500 as number | 'silent' }
  const service = await openOddService((_call, response) => {
    if (state.status === 'silent') return
    response.writeHead(state.status).end('{"reservation_id": 1}')
  })
  return { ...service, state }
}

const call = async (client: ReservationClient, times: number) => {
  for (let n = 0; n < times; n += 1) await client.reserve(wanted(`k${n}`), calm())
}

test('twenty failures in a row open the breaker, and later calls are unsent', async () => {
  await using service = await openSwitched()
  const long = { ...breaker, cooldownMs: 10_000 }
  await using client = connect(service.url, { breaker: long })
  await call(client, 19)
  assert.equal(client.breaker(), 'closed')
  await call(client, 1)
  assert.equal(client.breaker(), 'open')
  const outcomes = [
    await client.reserve(wanted(), calm()),
    (await client.reserveBatch([wanted(), wanted('k2')], calm()))[1],
    await client.release(keyOf('k'), holdOf('1'), calm()),
    await client.lookup(keyOf('k'), calm()),
  ]
  for (const outcome of outcomes) {
    assert.ok(outcome?.kind === 'unsent')
    const { retryAfterMs } = outcome
    assert.ok(retryAfterMs > 0 && retryAfterMs <= long.cooldownMs, String(retryAfterMs))
  }
  assert.equal(service.calls.length, 20)
})

test('one answer in between resets the failures that the breaker counts', async () => {
  await using service = await openSwitched()
  await using client = connect(service.url, { breaker })
  await call(client, 19)
  service.state.status = 200
  await call(client, 1)
  service.state.status = 500
  await call(client, 19)
  assert.equal(client.breaker(), 'closed')
})

test('refusals, rejections and 429 do not open the breaker', async () => {
  for (const status of [409, 404, 401, 429, 302]) {
    await using service = await openSwitched()
    service.state.status = status
    await using client = connect(service.url, { breaker })
    await call(client, 40)
    assert.equal(client.breaker(), 'closed', String(status))
    assert.equal(service.calls.length, 40)
  }
})

test('timeouts and refused connections open the breaker', async () => {
  await using silent = await openSwitched()
  silent.state.status = 'silent'
  await using slow = connect(silent.url, { breaker, timeoutMs: 50 })
  await Promise.all(Array.from({ length: 20 }, (_, n) => slow.reserve(wanted(`k${n}`), calm())))
  assert.equal(slow.breaker(), 'open')
  await using dead = connect(await findDeadUrl(), { breaker })
  await call(dead, 20)
  assert.equal(dead.breaker(), 'open')
})

test('after the cooldown one successful call closes the breaker', async () => {
  await using service = await openSwitched()
  await using client = connect(service.url, { breaker })
  await call(client, 20)
  await sleep(breaker.cooldownMs + 30)
  assert.equal(client.breaker(), 'half-open')
  service.state.status = 200
  assert.equal((await client.reserve(wanted(), calm())).kind, 'reserved')
  assert.equal(client.breaker(), 'closed')
  assert.equal(service.calls.length, 21)
})

test('a call that fails after the cooldown opens the breaker for another one', async () => {
  await using service = await openSwitched()
  await using client = connect(service.url, { breaker })
  await call(client, 20)
  await sleep(breaker.cooldownMs + 30)
  assert.equal((await client.reserve(wanted(), calm())).kind, 'again')
  assert.equal(client.breaker(), 'open')
  assert.equal((await client.reserve(wanted(), calm())).kind, 'unsent')
  assert.equal(service.calls.length, 21)
  await sleep(breaker.cooldownMs + 30)
  assert.equal(client.breaker(), 'half-open')
})

test('while the first call after the cooldown is under way, no other call is sent', async () => {
  await using service = await openSwitched()
  await using client = connect(service.url, { breaker, timeoutMs: 400 })
  await call(client, 20)
  await sleep(breaker.cooldownMs + 30)
  service.state.status = 'silent'
  const probes = Array.from({ length: 10 }, (_, n) => client.reserve(wanted(`p${n}`), calm()))
  const kinds = (await Promise.all(probes)).map((outcome) => outcome.kind)
  assert.equal(service.calls.length, 21)
  assert.deepEqual(kinds.toSorted(), ['unknown', ...Array<string>(9).fill('unsent')])
})

test('a breaker that is switched off never opens', async () => {
  await using service = await openSwitched()
  await using client = connect(service.url, { breaker: { ...breaker, enabled: false } })
  await call(client, 30)
  assert.equal(client.breaker(), 'closed')
  assert.equal(service.calls.length, 30)
})
