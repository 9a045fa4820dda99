// Jobs that were given up: listed for an operator, and given another try.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CartId, ItemId, ReservationKey } from '../../../src/domain/ids.ts'
import type { Outcome } from '../../../src/domain/reservation/job.ts'
import {
  type HttpService,
  itemAt,
  openHttpService,
  type StoreKind,
} from '../../support/http-service.ts'
import { assertProblem, type JobsJson, read } from '../../support/http-shapes.ts'

const failed: Outcome = { kind: 'failed', reason: 'answered 401', outcomeUnknown: false }

const bury = async (service: HttpService, count = 1) => {
  const locations: string[] = []
  for (let n = 0; n < count; n += 1) {
    const body = { product_id: `p${n}`, quantity: 1 }
    const answer = await service.ask('POST', `/v1/cart/user${n}/items`, { body })
    locations.push(answer.headers.location ?? '')
  }
  assert.equal(await service.settle(failed), count)
  return locations
}

const list = async (service: HttpService, query = ''): Promise<JobsJson> => {
  const answer = await service.ask('GET', `/v1/admin/jobs?state=buried${query}`)
  assert.equal(answer.status, 200, answer.text)
  return read('jobs', answer)
}

const requeue = (service: HttpService, id: string) =>
  service.ask('POST', `/v1/admin/jobs/${encodeURIComponent(id)}/requeue`)

for (const store of ['memory', 'sqlite'] as const satisfies readonly StoreKind[]) {
  test(`a buried job is listed with what an operator needs, and requeued (${store})`, async () => {
    await using service = await openHttpService({ store })
    assert.deepEqual(await list(service), { jobs: [], next: null })
    const [location = ''] = await bury(service)
    const { jobs, next } = await list(service)
    assert.equal(next, null)
    const job = itemAt(jobs, 0)
    const item = read('item', await service.ask('GET', location))
    assert.deepEqual(job, {
      id: item.reservations[0]?.id,
      kind: 'reserve',
      user_id: 'user0',
      item_id: item.item_id,
      attempts: 1,
      last_error: 'answered 401',
      buried_at: '2026-03-01T12:00:00.000Z',
    })
    assert.equal(item.reservation.status, 'failed')

    const answer = await requeue(service, job.id)
    assert.equal(answer.status, 202)
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    assert.deepEqual(answer.json(), { id: job.id, result: 'requeued' })
    assert.deepEqual((await list(service)).jobs, [])
    assert.equal(read('item', await service.ask('GET', location)).reservation.status, 'pending')
    assertProblem(await requeue(service, job.id), 'job-not-found')

    assert.equal(await service.settle(), 1, 'it is due at once')
    assert.equal(read('item', await service.ask('GET', location)).reservation.status, 'reserved')
    const history = read('journal', await service.ask('GET', '/v1/cart/user0/journal'))
    assert.deepEqual(
      history.entries.map((e) => [e.type, e.actor]),
      [
        ['item-added', 'anonymous'],
        ['reservation-failed', 'worker'],
        ['reservation-requeued', 'operator'],
        ['reservation-confirmed', 'worker'],
      ],
    )
  })

  test(`pages of buried jobs have all of them in the order of their ids (${store})`, async () => {
    await using service = await openHttpService({ store })
    await bury(service, 7)
    const whole = await list(service)
    assert.equal(whole.jobs.length, 7)
    const ids = whole.jobs.map((job) => job.id)
    assert.deepEqual(ids, ids.toSorted())
    for (const limit of [1, 2, 3, 6, 7, 8]) {
      const seen: string[] = []
      let after = ''
      for (;;) {
        const page = await list(service, `&limit=${limit}${after}`)
        assert.ok(page.jobs.length > 0 && page.jobs.length <= limit)
        seen.push(...page.jobs.map((job) => job.id))
        if (page.next === null) break
        assert.equal(page.next, page.jobs.at(-1)?.id)
        after = `&after=${page.next}`
      }
      assert.deepEqual(seen, ids, `limit ${limit}`)
    }
  })
}

test('jobs under way are not listed and can not be requeued', async () => {
  await using service = await openHttpService()
  const body = { product_id: 'p', quantity: 1 }
  const answer = await service.ask('POST', '/v1/cart/ann/items', { body })
  const id = itemAt(itemAt(read('cart', answer).items, 0).reservations, 0).id
  assert.deepEqual((await list(service)).jobs, [])
  assertProblem(await requeue(service, id), 'job-not-found')
  assertProblem(await requeue(service, 'nope'), 'job-not-found')
})

test('removing the item of a failed reservation deletes its buried job', async () => {
  await using service = await openHttpService()
  const [location = ''] = await bury(service)
  await service.ask('DELETE', location)
  assert.deepEqual((await list(service)).jobs, [])
})

test('a release that was given up can be requeued too', async () => {
  await using service = await openHttpService()
  const body = { product_id: 'p', quantity: 1 }
  const answer = await service.ask('POST', '/v1/cart/ann/items', { body })
  await service.settle()
  await service.ask('DELETE', answer.headers.location ?? '')
  await service.settle(failed)
  const job = itemAt((await list(service)).jobs, 0)
  assert.equal(job.kind, 'release')
  assert.deepEqual((await requeue(service, job.id)).json(), { id: job.id, result: 'requeued' })
  assert.equal(await service.settle(), 1)
  assert.equal((await service.store.countJobs(service.clock.now())).buried, 0)
})

test('a job whose item is gone is dropped instead of requeued, and the answer reports it', async () => {
  await using service = await openHttpService()
  const at = service.clock.now()
  const none = { put: [], removed: [] }
  const job = { kind: 'reserve', itemId: 'gone' as ItemId, productId: 'p', quantity: 1 } as const
  await service.store.commit({
    cartId: 'ann' as CartId,
    expectedRevision: 0,
    at,
    cart: { version: 0, revision: 1, createdAt: at, updatedAt: at },
    items: none,
    older: none,
    departing: none,
    events: [],
    jobs: {
      put: [{ ...job, id: 'stray', key: 'stray' as ReservationKey }],
      cancelled: [],
      revived: [],
      requeued: [],
      buried: [{ id: 'stray', reason: 'answered 401' }],
      finished: [],
    },
    leases: [],
    answers: [],
  })
  assert.equal(itemAt((await list(service)).jobs, 0).id, 'stray')
  const answer = await requeue(service, 'stray')
  assert.deepEqual([answer.status, answer.json()], [202, { id: 'stray', result: 'dropped' }])
  assert.deepEqual((await list(service)).jobs, [])
  assertProblem(await requeue(service, 'stray'), 'job-not-found')
})

test('a job is not requeued while its item has 8 reservations under way', async () => {
  await using service = await openHttpService()
  await bury(service)
  const { id } = itemAt((await list(service)).jobs, 0)
  const body = { product_id: 'p0', quantity: 1 }
  for (let n = 0; n < 8; n += 1) await service.ask('POST', '/v1/cart/user0/items', { body })
  assert.equal(assertProblem(await requeue(service, id), 'item-busy').status, 409)
  assert.equal((await list(service)).jobs.length, 1)
  await service.settle()
  assert.equal((await requeue(service, id)).status, 202)
})

test('of five concurrent requeues of a job one succeeds', async () => {
  await using service = await openHttpService({ store: 'sqlite' })
  await bury(service)
  const { id } = itemAt((await list(service)).jobs, 0)
  const answers = await Promise.all(Array.from({ length: 5 }, () => requeue(service, id)))
  assert.deepEqual(answers.map((a) => a.status).toSorted(), [202, 404, 404, 404, 404])
})

test('the list of jobs requires a state, and refuses malformed queries', async () => {
  await using service = await openHttpService()
  const queries = [
    '',
    '?state=',
    '?state=due',
    '?state=Buried',
    '?state=buried&state=buried',
    '?state=buried&limit=0',
    '?state=buried&limit=1001',
    '?state=buried&limit=0x10',
    '?state=buried&after=',
    '?state=buried&after=%00',
    '?state=buried&after=a%0Ab',
    '?state=buried&after=%F0%9F%92%A1',
    `?state=buried&after=${'x'.repeat(129)}`,
    '?state=buried&user=ann',
    '?limit=1',
  ]
  for (const query of queries) {
    const answer = await service.ask('GET', `/v1/admin/jobs${query}`)
    assertProblem(answer, 'invalid-request')
  }
})
