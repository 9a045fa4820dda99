// The history of a cart, page by page.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type HttpService,
  itemAt,
  openHttpService,
  type StoreKind,
  worldOf,
} from '../../support/http-service.ts'
import { assertProblem, type JournalJson, read } from '../../support/http-shapes.ts'

const items = '/v1/cart/ann/items'
const journal = async (service: HttpService, query = ''): Promise<JournalJson> => {
  const answer = await service.ask('GET', `/v1/cart/ann/journal${query}`)
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  return read('journal', answer)
}

test('the journal of a cart without history is an empty page without a next one', async () => {
  await using service = await openHttpService()
  assert.deepEqual(await journal(service), { entries: [], next: null })
})

test('journal entries show what happened, who caused it, and when, with the names of the API', async () => {
  await using service = await openHttpService()
  const attributes = { holdId: 'mine', inSize: { key: 1 } }
  const body = { product_id: 'lamp', quantity: 3, name: 'Lamp', attributes }
  const location = (await service.ask('POST', items, { body })).headers.location ?? ''
  service.clock.tick(1_000)
  await service.settle()
  await service.ask('PATCH', location, { body: { quantity: 1 } })
  const { entries, next } = await journal(service)
  assert.equal(next, null)
  assert.deepEqual(
    entries.map((e) => [e.revision, e.version, e.type, e.actor]),
    [
      [1, 1, 'item-added', 'anonymous'],
      [2, 1, 'reservation-confirmed', 'worker'],
      [3, 2, 'item-quantity-changed', 'anonymous'],
      [3, 2, 'reservation-requested', 'anonymous'],
    ],
  )
  const { data, at } = itemAt(entries, 0)
  assert.equal(at, '2026-03-01T12:00:00.000Z')
  const { requested, item_id, ...rest } = data
  assert.deepEqual(rest, { product_id: 'lamp', name: 'Lamp', attributes, quantity: 3 })
  assert.equal(item_id, location.split('/').at(-1))
  assert.deepEqual(Object.keys(requested as object).toSorted(), [
    'id',
    'quantity',
    'replaces',
    'status',
  ])
  const confirmed = itemAt(entries, 1).data
  const { id } = requested as { id: string }
  assert.deepEqual([confirmed.id, confirmed.reservation_id], [id, `hold-${id}`])
  const names = JSON.stringify(entries.map((e) => ({ ...e.data, attributes: null })))
  assert.doesNotMatch(names, /[a-z][A-Z]\w*":/, 'no camelCase on the wire')
})

test('refused requests and requests without effect leave no entry', async () => {
  await using service = await openHttpService()
  const body = { product_id: 'lamp', quantity: 1 }
  const location = (await service.ask('POST', items, { body })).headers.location ?? ''
  await service.ask('PATCH', location, { body: { quantity: 1 } })
  await service.ask('POST', items, { body: { ...body, quantity: 9_999 } })
  await service.ask('DELETE', `${items}/nope`)
  assert.equal((await journal(service)).entries.length, 1)
})

// Revisions of 1, 3, 1, 2, 1 entries.
const makeHistory = async (service: HttpService) => {
  const add = (product_id: string) => ({ op: 'add', product_id, quantity: 1 })
  for (const count of [1, 3, 1, 2, 1]) {
    const operations = Array.from({ length: count }, (_, n) => add(`p${n}`))
    await service.ask('POST', '/v1/cart/ann/operations', { body: { operations } })
  }
}

for (const store of ['memory', 'sqlite'] as const satisfies readonly StoreKind[]) {
  test(`pages of the journal never split a revision, and the last has no next one (${store})`, async () => {
    await using service = await openHttpService({ store })
    await makeHistory(service)
    const whole = await journal(service)
    assert.deepEqual(
      whole.entries.map((e) => e.revision),
      [1, 2, 2, 2, 3, 4, 4, 5],
    )
    for (let limit = 1; limit <= 9; limit += 1) {
      const pages: number[][] = []
      const entries: JournalJson['entries'] = []
      for (let next: number | null = 0; next !== null; ) {
        const page: JournalJson = await journal(service, `?after=${next}&limit=${limit}`)
        assert.ok(page.entries.length > 0, `an empty page, limit ${limit}`)
        assert.equal(page.next ?? 5, page.entries.at(-1)?.revision)
        pages.push(page.entries.map((e) => e.revision))
        entries.push(...page.entries)
        next = page.next
      }
      assert.deepEqual(entries, whole.entries, `limit ${limit}`)
      for (const [n, page] of pages.entries()) {
        const isWhole = new Set(page).size === 1 || page.length <= limit
        assert.ok(isWhole, `page ${n} of limit ${limit} has ${page.length} entries`)
      }
    }
  })

  test(`a last revision that is larger than the page has no next page (${store})`, async () => {
    await using service = await openHttpService({ store })
    await makeHistory(service)
    const operations = Array.from({ length: 5 }, (_, n) => ({
      op: 'add',
      product_id: `q${n}`,
      quantity: 1,
    }))
    await service.ask('POST', '/v1/cart/ann/operations', { body: { operations } })
    const page = await journal(service, '?after=5&limit=2')
    assert.deepEqual([page.entries.length, page.next], [5, null])
  })
}

test('the parameter "after" is an exclusive revision, and may be beyond the end', async () => {
  await using service = await openHttpService()
  await makeHistory(service)
  const revisions = async (query: string) =>
    (await journal(service, query)).entries.map((e) => e.revision)
  assert.deepEqual(await revisions('?after=3'), [4, 4, 5])
  assert.deepEqual(await revisions('?after=5'), [])
  assert.deepEqual(await revisions('?after=9007199254740991'), [])
  assert.deepEqual(await revisions('?limit=1000&after=0'), [1, 2, 2, 2, 3, 4, 4, 5])
})

test('a page of the journal has 100 entries by default', async () => {
  await using service = await openHttpService()
  const body = { product_id: 'p', quantity: 1 }
  for (let n = 0; n < 101; n += 1) await service.ask('POST', items, { body })
  const page = await journal(service)
  assert.deepEqual([page.entries.length, page.next], [100, 100])
  const last = await journal(service, `?after=${page.next}`)
  assert.deepEqual([last.entries.length, last.next], [1, null])
})

test('the journal shows only the history of its own cart, and reading it writes nothing', async () => {
  await using service = await openHttpService()
  await makeHistory(service)
  const before = await worldOf(service, 'ann')
  const answer = await service.ask('GET', '/v1/cart/bob/journal')
  assert.deepEqual(read('journal', answer).entries, [])
  await journal(service)
  assert.equal(await worldOf(service, 'ann'), before)
})

test('numbers in a query may have only decimal digits', async () => {
  await using service = await openHttpService()
  const texts = [
    '0x10',
    '1e2',
    '1.0',
    '%201',
    '1%20',
    '%2B1',
    '-1',
    'true',
    'null',
    '',
    '1_0',
    '%D9%A3',
  ]
  for (const text of texts) {
    for (const name of ['limit', 'after']) {
      const url = `/v1/cart/ann/journal?${name}=${text}`
      const { errors } = assertProblem(await service.ask('GET', url), 'invalid-request')
      assert.equal(errors?.[0]?.pointer, `/querystring/${name}`, url)
    }
  }
})
