// The routes for operators: /health, /ready, /metrics.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CartError } from '../../../src/domain/errors.ts'
import type { Store } from '../../../src/ports/store.ts'
import { type HttpService, openHttpService } from '../../support/http-service.ts'
import { assertProblem, read } from '../../support/http-shapes.ts'

const lamp = { product_id: 'lamp', quantity: 1 }

const unavailable = (): never => {
  throw new CartError('store-unavailable', 'The store did not answer (secret path); try again.')
}
const brokenStore =
  (state: { broken: boolean }) =>
  (store: Store): Store => ({
    ...store,
    load: async (...args) => (state.broken ? unavailable() : store.load(...args)),
    commit: async (...args) => (state.broken ? unavailable() : store.commit(...args)),
    countJobs: async (...args) => (state.broken ? unavailable() : store.countJobs(...args)),
    check: async () => (state.broken ? unavailable() : store.check()),
  })

test('/health answers without a check of the store', async () => {
  await using service = await openHttpService({ wrap: brokenStore({ broken: true }) })
  for (const url of ['/health', '/livez']) {
    const answer = await service.ask('GET', url)
    assert.deepEqual([answer.status, answer.json()], [200, { status: 'ok' }])
  }
})

const ready = async (service: HttpService, url = '/ready') => {
  const answer = await service.ask('GET', url)
  return { status: answer.status, body: read('ready', answer) }
}

test('/ready shows the store, how durable it is, and the reservation service', async () => {
  await using service = await openHttpService()
  const expected = {
    status: 'ready',
    checks: {
      store: { status: 'ok', name: 'memory', durability: 'volatile' },
      reservations: { status: 'ok', breaker: 'closed' },
    },
  }
  for (const url of ['/ready', '/readyz']) {
    assert.deepEqual(await ready(service, url), { status: 200, body: expected })
  }
  await using durable = await openHttpService({ store: 'sqlite' })
  const { body } = await ready(durable)
  assert.deepEqual(body.checks.store, { status: 'ok', name: 'sqlite', durability: 'durable' })
})

test('an open circuit breaker makes /ready degraded, not unavailable', async () => {
  await using service = await openHttpService()
  service.state.breaker = 'open'
  const { status, body } = await ready(service)
  assert.deepEqual([status, body.status], [200, 'degraded'])
  assert.deepEqual(body.checks.reservations, { status: 'degraded', breaker: 'open' })
  service.state.breaker = 'half-open'
  assert.equal((await ready(service)).body.status, 'ready')
})

test('while reservations are off, /ready is ready and shows the breaker as off', async () => {
  await using service = await openHttpService({ reservations: 'off' })
  const { body } = await ready(service)
  assert.deepEqual(
    [body.status, body.checks.reservations],
    ['ready', { status: 'ok', breaker: 'off' }],
  )
})

test('while the store is unavailable, /ready is 503 and does not show the cause', async () => {
  const state = { broken: true }
  await using service = await openHttpService({ wrap: brokenStore(state) })
  const { status, body } = await ready(service)
  assert.deepEqual(
    [status, body.status, body.checks.store?.status],
    [503, 'unavailable', 'unavailable'],
  )
  assert.doesNotMatch(JSON.stringify(body), /secret/)
  state.broken = false
  assert.equal((await ready(service)).status, 200, 'it recovers by itself')
})

test('while the store hangs, /ready is 503 within its time limit', async () => {
  const wrap = (store: Store): Store => ({ ...store, check: () => new Promise(() => {}) })
  await using service = await openHttpService({ wrap })
  const started = Date.now()
  assert.equal((await ready(service)).status, 503)
  assert.ok(Date.now() - started < 4_000)
})

test('while draining, /ready is 503; requests are answered, without keep-alive', async () => {
  await using service = await openHttpService()
  service.state.draining = true
  const { status, body } = await ready(service)
  assert.deepEqual([status, body.status, body.checks.store?.status], [503, 'draining', 'ok'])
  const answer = await service.ask('POST', '/v1/cart/ann/items', { body: lamp })
  assert.deepEqual([answer.status, answer.headers.connection], [201, 'close'])
  assert.equal(
    (await service.ask('GET', '/health')).status,
    200,
    'the process is alive until it ends',
  )
})

test('while the store is unavailable, requests are 503 with Retry-After, without the cause', async () => {
  const state = { broken: true }
  await using service = await openHttpService({ wrap: brokenStore(state) })
  const url = '/v1/cart/ann/items'
  const key = { headers: { 'idempotency-key': 'k' } }
  const answers = [
    await service.ask('GET', '/v1/cart/ann'),
    await service.ask('POST', url, { body: lamp, ...key }),
    await service.ask('DELETE', '/v1/cart/ann'),
  ]
  for (const answer of answers) {
    assertProblem(answer, 'store-unavailable')
    assert.doesNotMatch(answer.text, /secret/)
    assert.match(answer.headers['retry-after'] ?? '', /^\d+$/)
    assert.equal(answer.headers['cache-control'], 'no-store')
  }
  state.broken = false
  assert.equal((await service.ask('POST', url, { body: lamp, ...key })).status, 201)
})

test('an unexpected error is 500 without its text, which is logged with the request id', async () => {
  const wrap = (store: Store): Store => ({
    ...store,
    readJournal: async () => {
      throw new TypeError('secret of the store')
    },
  })
  await using service = await openHttpService({ wrap })
  const headers = { 'x-request-id': 'find-me' }
  const answer = await service.ask('GET', '/v1/cart/ann/journal', { headers })
  const problem = assertProblem(answer, 'internal-error')
  assert.equal(problem.instance, 'find-me')
  assert.doesNotMatch(answer.text, /secret/)
  const line = service.logged.find((logged) => logged.includes('secret of the store')) ?? ''
  assert.match(line, /"level":50/)
  assert.match(line, /find-me/, 'the detail says that the fault is logged under the request id')
})

const metric = (text: string, pattern: RegExp): number | null => {
  const line = text.split('\n').find((each) => pattern.test(each))
  return line === undefined ? null : Number(line.split(' ').at(-1))
}

test('/metrics counts answers by method, pattern and status, never by user', async () => {
  await using service = await openHttpService()
  const user = 'very-private-user'
  await service.ask('GET', `/v1/cart/${user}`)
  await service.ask('GET', `/v1/cart/${user}`)
  await service.ask('POST', `/v1/cart/${user}/items`, { body: lamp })
  await service.ask('POST', `/v1/cart/${user}/items`, { body: { ...lamp, quantity: 0 } })
  await service.ask('GET', `/nowhere/${user}`)
  await service.ask('PUT', `/v1/cart/${user}`)
  await service.ask('GET', `/v1/cart/${user}%zz`)
  const answer = await service.ask('GET', '/metrics')
  assert.equal(answer.status, 200)
  assert.match(answer.headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/)
  const requests = (labels: string) =>
    metric(answer.text, new RegExp(`^http_requests_total\\{${labels}\\}`))
  assert.equal(requests('method="GET",route="/v1/cart/:userID",status="200"'), 2)
  assert.equal(requests('method="POST",route="/v1/cart/:userID/items",status="201"'), 1)
  assert.equal(requests('method="POST",route="/v1/cart/:userID/items",status="400"'), 1)
  assert.equal(requests('method="GET",route="unknown",status="404"'), 1)
  assert.equal(requests('method="PUT",route="unknown",status="405"'), 1)
  assert.equal(requests('method="GET",route="unknown",status="400"'), 1, 'an unreadable path')
  const seconds = /^http_request_duration_seconds_count\{method="GET",route="\/v1\/cart\/:userID"\}/
  assert.equal(metric(answer.text, seconds), 2)
  assert.ok(!answer.text.includes(user))
})

test('/metrics has the process, the jobs by state and the age of the oldest due one', async () => {
  await using service = await openHttpService()
  for (const product_id of ['a', 'b', 'c']) {
    const body = { product_id, quantity: 1 }
    await service.ask('POST', '/v1/cart/ann/items', { body })
  }
  service.clock.tick(90_000)
  const { text } = await service.ask('GET', '/metrics')
  assert.equal(metric(text, /^jobs\{state="due"\}/), 3)
  for (const state of ['scheduled', 'leased', 'buried']) {
    assert.equal(metric(text, new RegExp(`^jobs\\{state="${state}"\\}`)), 0)
  }
  assert.equal(metric(text, /^job_oldest_due_age_seconds /), 90)
  assert.equal(metric(text, /^reservation_breaker_open /), 0)
  assert.equal(metric(text, /^reservation_calls_open /), 0)
  for (const name of ['process_cpu_seconds_total', 'nodejs_heap_size_used_bytes']) {
    assert.notEqual(metric(text, new RegExp(`^${name} `)), null, name)
  }
  await service.settle()
  const after = (await service.ask('GET', '/metrics')).text
  assert.equal(metric(after, /^job_oldest_due_age_seconds /), 0)
  service.state.breaker = 'open'
  assert.equal(metric((await service.ask('GET', '/metrics')).text, /^reservation_breaker_open /), 1)
})

test('/metrics has the durations and outcomes of calls to the reservation service', async () => {
  await using service = await openHttpService()
  service.metrics.callDurations.observe({ kind: 'reserve', outcome: 'reserved' }, 31)
  service.metrics.outcomesUnknown.inc(2)
  const { text } = await service.ask('GET', '/metrics')
  const name = 'reservation_call_duration_seconds'
  const labels = 'kind="reserve",outcome="reserved"'
  assert.equal(metric(text, new RegExp(`^${name}_count\\{${labels}\\}`)), 1)
  assert.equal(metric(text, new RegExp(`^${name}_bucket\\{le="30",${labels}\\}`)), 0)
  assert.equal(metric(text, new RegExp(`^${name}_bucket\\{le="40",${labels}\\}`)), 1)
  assert.equal(metric(text, /^reservation_outcome_unknown_total /), 2)
  assert.equal(metric(text, /^jobs_buried_total /), 0)
})

test('/metrics answers while the store is unavailable', async () => {
  await using service = await openHttpService({ wrap: brokenStore({ broken: true }) })
  const { status, text } = await service.ask('GET', '/metrics')
  assert.equal(status, 200)
  assert.notEqual(metric(text, /^process_cpu_seconds_total /), null)
})
