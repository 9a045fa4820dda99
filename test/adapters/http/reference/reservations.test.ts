// Reference 004: its curl lines, and how its list follows the outcome of each addition.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpService, itemAt, openHttpService } from '../../../support/http-service.ts'
import { read } from '../../../support/http-shapes.ts'
import { ask, cartOf, faultsOf } from './asked.ts'

type Row = {
  readonly id: string
  readonly name: string
  readonly quantity: number
  readonly reservation_id?: string
  readonly status: string
  readonly created_at: string
  readonly updated_at: string
}

const laptop = { name: 'laptop', quantity: 1 }

const add = (service: HttpService, body: object = laptop, headers = {}) =>
  ask<Row>(service, 'POST /api/v1/items', 201, { body, headers })

const list = (service: HttpService, query = '', headers = {}) =>
  ask<readonly Row[]>(service, `GET /api/v1/items${query}`, 200, { headers })

test('reference 004: its curl lines add an item and list it as pending', async () => {
  await using service = await openHttpService()
  assert.deepEqual(await list(service), [])
  const row = await add(service)
  const at = '2026-03-01T12:00:00.000Z'
  const expected = { ...laptop, status: 'PENDING', created_at: at, updated_at: at }
  assert.deepEqual(row, { id: row.id, ...expected })
  assert.deepEqual(await list(service), [row])
})

test('reference 004: the paths of the exercise have the same list', async () => {
  await using service = await openHttpService()
  const row = await ask<Row>(service, 'POST /items', 201, { body: laptop })
  assert.deepEqual(await ask(service, 'GET /items', 200), [row])
  assert.deepEqual(await list(service), [row])
})

test('reference 004: an item that is reserved later has a reservation id and keeps its own id', async () => {
  await using service = await openHttpService()
  const row = await add(service)
  service.clock.tick(30_000)
  await service.settle()
  const [now] = await list(service)
  assert.deepEqual(now, {
    ...row,
    reservation_id: `hold-${row.id}`,
    status: 'RESERVED',
    updated_at: '2026-03-01T12:00:30.000Z',
  })
})

test('reference 004: a refused or failed addition has that status and no reservation id', async () => {
  await using service = await openHttpService()
  await add(service)
  await service.settle({ kind: 'refused', reason: 'out of stock' })
  await add(service)
  await service.settle({ kind: 'failed', reason: 'gone', outcomeUnknown: false })
  const rows = await list(service)
  assert.deepEqual(rows.map((row) => row.status).toSorted(), ['FAILED', 'UNAVAILABLE'])
  for (const row of rows) assert.ok(!('reservation_id' in row))
})

test('reference 004: each addition is a row, newest first, also of one item', async () => {
  await using service = await openHttpService()
  const rows: Row[] = []
  for (const name of ['laptop', 'mouse', 'laptop', 'laptop']) {
    service.clock.tick(1_000)
    rows.unshift(await add(service, { name, quantity: rows.length + 1 }))
  }
  assert.deepEqual(await list(service), rows)
  assert.deepEqual(await cartOf(service, 'default'), { laptop: 8, mouse: 2 })
})

test('reference 004: a removed item is no longer in the list', async () => {
  await using service = await openHttpService()
  await add(service)
  const mouse = await add(service, { name: 'mouse', quantity: 1 })
  await service.settle()
  const cart = read('cart', await service.ask('GET', '/v1/cart/default'))
  await ask(service, `DELETE /v1/cart/default/items/${cart.items[0]?.item_id}`, 200)
  assert.deepEqual(
    (await list(service)).map(({ id }) => id),
    [mouse.id],
  )
})

test('reference 004: additions beyond eight under way share a waiting row; all are reserved', async () => {
  await using service = await openHttpService()
  const added: Row[] = []
  for (let n = 0; n < 12; n += 1) added.push(await add(service))
  assert.equal(new Set(added.map(({ id }) => id)).size, 9)
  const rows = await list(service)
  assert.equal(rows.length, 9)
  assert.deepEqual(rows.map(({ quantity }) => quantity).toSorted(), [1, 1, 1, 1, 1, 1, 1, 1, 4])
  await service.settle()
  await service.settle()
  const later = await list(service)
  assert.deepEqual(
    later.map(({ id, quantity }) => [id, quantity]),
    rows.map(({ id, quantity }) => [id, quantity]),
  )
  assert.ok(later.every(({ status }) => status === 'RESERVED'))
})

for (const store of ['memory', 'sqlite'] as const) {
  test(`reference 004: old reservations stay in the list, in order, page by page (${store})`, async () => {
    await using service = await openHttpService({ store })
    const ids: string[] = []
    for (let n = 0; n < 70; n += 1) {
      service.clock.tick(n % 3 === 0 ? 0 : 1)
      ids.unshift((await add(service, { name: `item ${n % 2}`, quantity: 1 })).id)
      await service.settle()
    }
    assert.deepEqual(
      (await list(service)).map(({ id }) => id),
      ids,
      'stored apart or not, each is there once',
    )
    const seen: string[] = []
    let url = '/items?limit=11'
    for (let page = 0; url !== '' && page < 20; page += 1) {
      const answer = await service.ask('GET', url)
      seen.push(...answer.json<readonly Row[]>().map(({ id }) => id))
      url = /<([^>]+)>; rel="next"/.exec(answer.headers.link ?? '')?.[1] ?? ''
      // What is added meanwhile is newer than every page.
      if (page === 2) await add(service, { name: 'item 0', quantity: 1 })
    }
    assert.deepEqual(seen, ids)
  })
}

test('reference 004: a reservation that is stored apart while the list is read is listed once', async () => {
  let meanwhile = async () => {}
  await using service = await openHttpService({
    wrap: (store) => ({
      ...store,
      loadOlder: async (cartId, itemId) => {
        await meanwhile()
        return store.loadOlder(cartId, itemId)
      },
    }),
  })
  const ids: string[] = []
  for (let n = 0; n < 25; n += 1) {
    ids.unshift((await add(service)).id)
    await service.settle()
  }
  meanwhile = async () => {
    meanwhile = async () => {}
    await add(service)
    await service.settle()
  }
  assert.deepEqual(
    (await list(service)).map(({ id }) => id),
    ids,
  )
})

test('reference 004: an old item is listed after newer ones', async () => {
  await using service = await openHttpService()
  const names: string[] = []
  const addAndSettle = async (name: string) => {
    service.clock.tick(1_000)
    await add(service, { name, quantity: 1 })
    await service.settle()
    names.unshift(name)
  }
  for (let n = 0; n < 25; n += 1) await addAndSettle('old')
  service.clock.tick(3_600_000)
  for (let n = 0; n < 25; n += 1) await addAndSettle('new')
  const pages: string[] = []
  let url = '/items?limit=10'
  for (let page = 0; page < 5; page += 1) {
    const answer = await service.ask('GET', url)
    pages.push(...answer.json<readonly Row[]>().map(({ name }) => name))
    url = /<([^>]+)>; rel="next"/.exec(answer.headers.link ?? '')?.[1] ?? ''
  }
  assert.equal(url, '')
  assert.deepEqual(pages, names)
})

test('reference 004: units without a reservation are a pending row of the item', async () => {
  await using service = await openHttpService({ reservations: 'off' })
  const row = await add(service)
  assert.equal(row.status, 'PENDING')
  const again = await add(service)
  assert.equal(again.id, row.id)
  const rows = await list(service)
  assert.deepEqual([rows.length, itemAt(rows, 0).id, itemAt(rows, 0).quantity], [1, row.id, 2])
})

test('reference 004: the rows of an item add up to its lowered quantity at every moment', async () => {
  await using service = await openHttpService()
  await add(service, { name: 'laptop', quantity: 5 })
  await add(service, { name: 'laptop', quantity: 3 })
  await service.settle()
  const cart = read('cart', await service.ask('GET', '/v1/cart/default'))
  const url = `PATCH /v1/cart/default/items/${cart.items[0]?.item_id}`
  await ask(service, url, 200, { body: { quantity: 4 } })
  for (let round = 0; round < 4; round += 1) {
    const rows = await list(service)
    assert.ok(rows.every(({ quantity }) => quantity > 0))
    assert.equal(
      rows.reduce((sum, { quantity }) => sum + quantity, 0),
      4,
    )
    await service.settle()
  }
})

test('reference 004: the header X-User-ID names the cart, without it all clients share one', async () => {
  await using service = await openHttpService()
  const ann = { 'x-user-id': 'ann' }
  await add(service, laptop, ann)
  await add(service, { name: 'mouse', quantity: 2 })
  assert.deepEqual(
    (await list(service, '', ann)).map(({ name }) => name),
    ['laptop'],
  )
  assert.deepEqual(await cartOf(service, 'ann'), { laptop: 1 })
  assert.deepEqual(await cartOf(service, 'default'), { mouse: 2 })
  for (const odd of ['', 'a b', 'ann, bob', 'x'.repeat(129)]) {
    const answer = await service.ask('GET', '/items', { headers: { 'x-user-id': odd } })
    assert.match(faultsOf(answer).join(), /^string_\w+ header\.x-user-id$/, odd)
  }
})

test('reference 004: an invalid request is refused with its faults, and adds nothing', async () => {
  await using service = await openHttpService()
  const wrong: readonly (readonly [unknown, readonly string[]])[] = [
    [undefined, ['missing body']],
    [{}, ['missing body.name', 'missing body.quantity']],
    [{ quantity: 1 }, ['missing body.name']],
    [{ name: 'laptop' }, ['missing body.quantity']],
    [{ ...laptop, quantity: 0 }, ['greater_than_equal body.quantity']],
    [{ ...laptop, quantity: -1 }, ['greater_than_equal body.quantity']],
    [{ ...laptop, quantity: '1' }, ['int_type body.quantity']],
    [{ ...laptop, name: '' }, ['string_too_short body.name']],
    [{ ...laptop, name: 'x'.repeat(129) }, ['string_too_long body.name']],
  ]
  for (const [body, faults] of wrong) {
    const answer = await service.ask('POST', '/api/v1/items', { body })
    assert.deepEqual(faultsOf(answer), faults, JSON.stringify(body))
  }
  const queries: Readonly<Record<string, string>> = {
    '?limit=0': 'greater_than_equal query.limit',
    '?limit=1001': 'less_than_equal query.limit',
    '?limit=x': 'int_parsing query.limit',
    '?after=x': 'string_pattern_mismatch query.after',
    '?after=': 'string_too_short query.after',
    '?after=1.a&after=1.b': 'string_type query.after',
  }
  for (const [query, fault] of Object.entries(queries)) {
    assert.deepEqual(faultsOf(await service.ask('GET', `/items${query}`)), [fault], query)
  }
  assert.deepEqual(await list(service), [])
})

test('reference 004: a repeated Idempotency-Key is one addition, on either path', async () => {
  await using service = await openHttpService()
  const headers = { 'idempotency-key': 'k1' }
  const first = await add(service, laptop, headers)
  const again = await ask(service, 'POST /items', 201, { body: laptop, headers })
  assert.deepEqual(again, first)
  assert.deepEqual(await cartOf(service, 'default'), { laptop: 1 })
})

test('reference 004: ten concurrent additions are ten units', async () => {
  await using service = await openHttpService()
  await Promise.all(Array.from({ length: 10 }, () => add(service)))
  const rows = await list(service)
  assert.equal(
    rows.reduce((sum, { quantity }) => sum + quantity, 0),
    10,
  )
})
