// Idempotency-Key: a repeated request is one request.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Answer,
  type HttpService,
  itemAt,
  openHttpService,
  type StoreKind,
  worldOf,
} from '../../support/http-service.ts'
import { assertProblem, read } from '../../support/http-shapes.ts'

const items = '/v1/cart/ann/items'
const lamp = { product_id: 'lamp', quantity: 2 }
const isReplay = (answer: Answer) => answer.headers['idempotent-replayed'] === 'true'

const add = (service: HttpService, key: string, body: object = lamp, more = {}) =>
  service.ask('POST', items, { body, headers: { 'idempotency-key': key, ...more } })

const quantity = async (service: HttpService, user = 'ann') =>
  read('cart', await service.ask('GET', `/v1/cart/${user}`)).total_quantity

const same = (a: Answer, b: Answer) => {
  assert.deepEqual([b.status, b.text], [a.status, a.text])
  for (const name of ['etag', 'location', 'content-type', 'preference-applied']) {
    assert.equal(b.headers[name], a.headers[name], name)
  }
}

for (const store of ['memory', 'sqlite'] as const satisfies readonly StoreKind[]) {
  test(`twenty concurrent additions with one key are one addition with one answer (${store})`, async () => {
    await using service = await openHttpService({ store })
    const answers = await Promise.all(Array.from({ length: 20 }, () => add(service, 'k1')))
    assert.equal(answers.filter((answer) => !isReplay(answer)).length, 1)
    for (const answer of answers) same(itemAt(answers, 0), answer)
    assert.equal(await quantity(service), 2)
    const late = await add(service, 'k1')
    assert.ok(isReplay(late))
    same(itemAt(answers, 0), late)
  })

  test(`every kind of write replays its answer, byte for byte (${store})`, async () => {
    await using service = await openHttpService({ store })
    const location = (await service.ask('POST', items, { body: lamp })).headers.location ?? ''
    const operations = [{ op: 'add', product_id: 'b', quantity: 1 }]
    const writes = [
      ['POST', items, lamp],
      ['PATCH', location, { quantity: 7 }],
      ['POST', `${location}/reserve`, undefined],
      ['POST', '/v1/cart/ann/operations', { operations }],
      ['DELETE', location, undefined],
      ['DELETE', '/v1/cart/ann', undefined],
    ] as const
    for (const [n, [method, url, body]] of writes.entries()) {
      for (const prefer of ['return=minimal', 'return=representation']) {
        if (method === 'DELETE' && prefer !== 'return=minimal') continue
        const headers = { 'idempotency-key': `w${n}-${prefer.length}`, prefer }
        const first = await service.ask(method, url, { body, headers })
        assert.ok(first.status < 300 && !isReplay(first), first.text)
        const before = await worldOf(service, 'ann')
        const second = await service.ask(method, url, { body, headers })
        assert.ok(isReplay(second), `${method} ${url}`)
        same(first, second)
        assert.equal(await worldOf(service, 'ann'), before)
      }
    }
  })
}

test('a repeat gets the answer of the first request, also after later changes', async () => {
  await using service = await openHttpService()
  const first = await add(service, 'k')
  await service.settle()
  await service.ask('DELETE', '/v1/cart/ann')
  const again = await add(service, 'k')
  assert.ok(isReplay(again))
  same(first, again)
  assert.equal(await quantity(service), 0)
})

test('an idempotency key in quotes and the bare key are the same key', async () => {
  await using service = await openHttpService()
  const first = await add(service, '"k-1"')
  const bare = await add(service, 'k-1')
  assert.ok(!isReplay(first) && isReplay(bare))
  same(first, bare)
  assert.equal(await quantity(service), 2)
})

test('idempotency keys are compared as they are, and may have 255 characters', async () => {
  await using service = await openHttpService()
  const long = 'x'.repeat(255)
  for (const key of ['k', 'K', long, `${long.slice(1)}y`, '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~']) {
    assert.ok(!isReplay(await add(service, key)), key)
  }
  assert.ok(isReplay(await add(service, `"${long}"`)))
  assert.equal(await quantity(service), 10)
})

test('the same body in another spelling is the same request', async () => {
  await using service = await openHttpService()
  const headers = { 'idempotency-key': 'k' }
  const a = await service.ask('POST', items, { raw: '{"product_id":"lamp","quantity":2}', headers })
  const raw = ' { "quantity" : 2.0,\n "product_id":"l\\u0061mp" } '
  const b = await service.ask('POST', items, { raw, headers })
  assert.ok(isReplay(b))
  same(a, b)
})

test('an idempotency key that was used for another request is 422', async () => {
  await using service = await openHttpService()
  const location = (await add(service, 'k')).headers.location ?? ''
  const before = await worldOf(service, 'ann')
  const headers = { 'idempotency-key': 'k' }
  const operations = [{ op: 'add', ...lamp }]
  const others = [
    ['POST', items, { ...lamp, quantity: 3 }, {}],
    ['POST', items, { ...lamp, name: 'Lamp' }, {}],
    ['POST', items, lamp, { 'if-match': '"1.1"' }],
    ['POST', items, lamp, { 'if-match': '*' }],
    ['POST', '/v1/cart/ann/operations', { operations }, {}],
    ['PATCH', location, { quantity: 2 }, {}],
    ['DELETE', location, undefined, {}],
    ['DELETE', '/v1/cart/ann', undefined, {}],
    ['POST', `${location}/reserve`, undefined, {}],
  ] as const
  for (const [method, url, body, more] of others) {
    const answer = await service.ask(method, url, { body, headers: { ...headers, ...more } })
    assert.equal(assertProblem(answer, 'idempotency-key-reused').status, 422)
  }
  assert.equal(await worldOf(service, 'ann'), before)
  assert.ok(isReplay(await add(service, 'k')), 'the stored answer is still there')
})

test('an idempotency key that was used for another item of the cart is refused', async () => {
  await using service = await openHttpService()
  const a = (await service.ask('POST', items, { body: lamp })).headers.location ?? ''
  const other = { product_id: 'other', quantity: 2 }
  const b = (await service.ask('POST', items, { body: other })).headers.location ?? ''
  const headers = { 'idempotency-key': 'k' }
  assert.equal((await service.ask('DELETE', a, { headers })).status, 200)
  assertProblem(await service.ask('DELETE', b, { headers }), 'idempotency-key-reused')
})

test('the same idempotency key on another cart is another key', async () => {
  await using service = await openHttpService({ store: 'sqlite' })
  const users = ['ann', 'bob', 'Ann', 'ann%7C', 'a.nn']
  const headers = { 'idempotency-key': 'k' }
  for (const user of users) {
    const answer = await service.ask('POST', `/v1/cart/${user}/items`, { body: lamp, headers })
    assert.ok(answer.status === 201 && !isReplay(answer), user)
    assert.equal(read('cart', answer).user_id, decodeURIComponent(user))
  }
  for (const user of users) assert.equal(await quantity(service, user), 2)
})

test('a malformed idempotency key is refused, and nothing is added', async () => {
  await using service = await openHttpService()
  const keys = ['', '""', '"', 'a b', 'a"b', '"a', 'a"', 'ä', 'a\tb', 'x'.repeat(256)]
  for (const key of [...keys, `"${'x'.repeat(256)}"`, 'x'.repeat(300), '"a"b"', 'k, k']) {
    const answer = await add(service, key)
    const { errors } = assertProblem(answer, 'invalid-request')
    assert.equal(errors?.[0]?.pointer, '/headers/idempotency-key', key)
  }
  assert.equal(await quantity(service), 0)
})

test('a refusal is not stored: the same idempotency key can be used again', async () => {
  await using service = await openHttpService()
  assertProblem(await add(service, 'k', { ...lamp, quantity: 0 }), 'invalid-request')
  assertProblem(await add(service, 'k', lamp, { 'if-match': '"9.9"' }), 'version-stale')
  await service.ask('POST', items, { body: { ...lamp, quantity: 9_999 } })
  assertProblem(await add(service, 'k'), 'quantity-limit')
  await service.ask('DELETE', '/v1/cart/ann')
  const answer = await add(service, 'k')
  assert.ok(answer.status === 201 && !isReplay(answer))
})

test('a write without effect stores its answer, too', async () => {
  await using service = await openHttpService({ store: 'sqlite' })
  const location = (await service.ask('POST', items, { body: lamp })).headers.location ?? ''
  const headers = { 'idempotency-key': 'k' }
  const set = (quantity: number) => service.ask('PATCH', location, { body: { quantity }, headers })
  const first = await set(2)
  assert.deepEqual([first.status, first.headers.etag], [200, '"1.1"'])
  await service.ask('PATCH', location, { body: { quantity: 5 } })
  const second = await set(2)
  assert.ok(isReplay(second), 'or a late repeat would undo what came after')
  same(first, second)
  assert.equal(await quantity(service), 5)
  assertProblem(await set(3), 'idempotency-key-reused')
})

test('a stored answer is replayed before If-Match is checked', async () => {
  await using service = await openHttpService()
  const conditional = () => add(service, 'k', lamp, { 'if-match': '"0.0"' })
  const first = await conditional()
  const second = await conditional()
  assert.equal(first.status, 201)
  assert.ok(isReplay(second), 'the repeat is not stale by its own effect')
  same(first, second)
})
