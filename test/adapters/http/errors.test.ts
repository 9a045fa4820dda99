// Requests that are refused before a cart is read: in which order, and with which answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Asked,
  type HttpService,
  openHttpService,
  worldOf,
} from '../../support/http-service.ts'
import { assertProblem } from '../../support/http-shapes.ts'

const items = '/v1/cart/ann/items'
const lamp = { product_id: 'lamp', quantity: 1 }

test('an unknown path is 404, for every method, body and header', async () => {
  await using service = await openHttpService()
  const paths = [
    '/',
    '/v1',
    '/v1/',
    '/v1/cart',
    '/v2/cart/ann',
    '/V1/cart/ann',
    '/v1/Cart/ann',
    '/v1/cart/ann/',
    '/v1/cart/ann/items/x/',
    '/v1/cart/ann/items/x/reserve/',
    '/v1/cart/ann/items/x/y',
    '/v1/cart/ann/journal/1',
    '/v1/cart//ann',
    '//v1/cart/ann',
    '/v1/admin',
    '/v1/admin/jobs/',
    '/v1/admin/jobs/x',
    '/health/',
    '/ready/x',
    '/docs/static/nope.js',
    '/docs/nope',
    '/favicon.ico',
    '/.env',
  ]
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'DELETE', 'PUT']) {
      const asked: Asked = method === 'GET' ? {} : { raw: '{', headers: { 'if-match': 'x' } }
      assertProblem(await service.ask(method, path, asked), 'route-not-found')
    }
  }
})

test('a known path with another method is 405, with the allowed methods', async () => {
  await using service = await openHttpService()
  const allowed: Readonly<Record<string, string>> = {
    '/health': 'GET, HEAD',
    '/ready': 'GET, HEAD',
    '/metrics': 'GET, HEAD',
    '/openapi.json': 'GET, HEAD',
    '/v1/cart/ann': 'DELETE, GET, HEAD',
    '/v1/cart/ann/items': 'POST',
    '/v1/cart/ann/items/x': 'DELETE, GET, HEAD, PATCH',
    '/v1/cart/ann/items/x/reserve': 'POST',
    '/v1/cart/ann/operations': 'POST',
    '/v1/cart/ann/journal': 'GET, HEAD',
    '/v1/admin/jobs': 'GET, HEAD',
    '/v1/admin/jobs/x/requeue': 'POST',
  }
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']
  for (const [path, allow] of Object.entries(allowed)) {
    for (const method of methods) {
      if (allow.split(', ').includes(method)) continue
      const answer = await service.ask(method, `${path}?x=1`)
      assert.deepEqual([answer.status, answer.headers.allow], [405, allow], `${method} ${path}`)
      if (method !== 'HEAD') assertProblem(answer, 'method-not-allowed')
    }
  }
})

// Each carries every fault that comes later in the order as well.
const text = { 'content-type': 'text/plain' }
const stale = { 'if-match': '"9.9"' }
const malformed = { 'if-match': 'x', 'idempotency-key': 'a b' }
const huge = JSON.stringify({ ...lamp, name: 'x'.repeat(70_000) })

const inOrder = [
  ['POST', '/nowhere', { raw: huge, headers: { ...text, ...malformed } }, 404],
  ['PUT', items, { raw: huge, headers: { ...text, ...malformed } }, 405],
  ['POST', '/v1/cart/a%00/items', { raw: huge, headers: { ...text, ...malformed } }, 415],
  ['POST', '/v1/cart/a%00/items', { raw: huge, headers: malformed }, 413],
  ['POST', '/v1/cart/a%00/items', { raw: '{', headers: malformed }, 400],
  ['POST', '/v1/cart/a%00/items', { body: lamp, headers: stale }, 400],
  ['POST', items, { body: {}, headers: stale }, 400],
  ['POST', items, { body: lamp, headers: { ...stale, 'idempotency-key': '' } }, 400],
  ['PATCH', `${items}/nope`, { body: { quantity: -1 }, headers: stale }, 400],
  ['PATCH', `${items}/nope`, { body: { quantity: 1 }, headers: stale }, 412],
  ['PATCH', `${items}/nope`, { body: { quantity: 1 } }, 404],
  ['POST', items, { body: { ...lamp, quantity: 9_999 }, headers: stale }, 412],
  ['POST', items, { body: { ...lamp, quantity: 9_999 } }, 422],
] as const satisfies readonly (readonly [string, string, Asked, number])[]

test('refusals come in one order: 404 and 405, 415, 413, 400, 412, then the rules', async () => {
  await using service = await openHttpService()
  await service.ask('POST', items, { body: lamp })
  const before = await worldOf(service, 'ann')
  for (const [method, url, asked, status] of inOrder) {
    const answer = await service.ask(method, url, asked)
    assert.equal(answer.status, status, `${method} ${url} ${answer.text}`)
  }
  assert.equal(await worldOf(service, 'ann'), before)
})

test('the idempotency key is checked before If-Match, and the body before both', async () => {
  await using service = await openHttpService()
  const headers = { 'idempotency-key': 'k' }
  await service.ask('POST', items, { body: lamp, headers })
  const other = await service.ask('POST', items, { body: lamp, headers: { ...headers, ...stale } })
  assertProblem(other, 'idempotency-key-reused')
  const malformed = await service.ask('POST', items, { body: { ...lamp, x: 1 }, headers })
  assertProblem(malformed, 'invalid-request')
})

test('a field error has a pointer to the member and what is expected of it', async () => {
  await using service = await openHttpService()
  const fault = async (body: unknown) => {
    const { errors } = assertProblem(await service.ask('POST', items, { body }), 'invalid-request')
    return errors?.map((e) => `${e.pointer} ${e.detail}`)
  }
  assert.deepEqual(await fault({ ...lamp, quantity: '2' }), ['/quantity must be integer'])
  assert.deepEqual(await fault({ product_id: 'a' }), [
    " must have required property 'quantity' (quantity)",
  ])
  assert.deepEqual(await fault({ ...lamp, color: 'red' }), [
    ' must NOT have additional properties (color)',
  ])
  assert.deepEqual(await fault({ ...lamp, attributes: { 'a/b~c': { d: 'x\0' } } }), [
    '/attributes/a~1b~0c/d holds NUL or a lone surrogate',
  ])
  const params = await service.ask('GET', '/v1/cart/a%20b')
  assert.equal(assertProblem(params, 'invalid-request').errors?.[0]?.pointer, '/params/userID')
})

test('a problem does not repeat a long request', async () => {
  await using service = await openHttpService()
  const long = 'x'.repeat(10_000)
  const answers = [
    await service.ask('GET', `/v1/cart/%zz${long}`),
    await service.ask('GET', `/v1/cart/${long}`),
    await service.ask('GET', `/${long}`),
    await service.ask('POST', items, { body: { ...lamp, [long]: 1 } }),
    await service.ask('POST', items, { raw: `{${long}` }),
    await service.ask('POST', items, { body: lamp, headers: { 'content-type': long } }),
    await service.ask('POST', items, { body: { ...lamp, attributes: { [`${long}\0`]: 1 } } }),
  ]
  for (const answer of answers) {
    assert.ok(answer.status >= 400 && answer.status < 500)
    assert.ok(answer.text.length < 3_000, `${answer.text.length} characters`)
  }
})

const requestIds = async (service: HttpService, headers: Record<string, string>) => {
  const urls = ['/v1/cart/ann', '/nowhere', '/v1/cart/%zz', '/v1/cart/a%20b', '/health', '/docs']
  const ids: string[] = []
  for (const url of urls)
    ids.push((await service.ask('GET', url, { headers })).headers['x-request-id'] ?? '')
  return ids
}

test('X-Request-Id is echoed on every answer, and generated when there is none', async () => {
  await using service = await openHttpService()
  const given = await requestIds(service, { 'x-request-id': 'abc/123?=' })
  assert.deepEqual(new Set(given), new Set(['abc/123?=']))
  const made = await requestIds(service, {})
  assert.ok(
    made.every((id) => id.length > 0),
    JSON.stringify(made),
  )
  assert.equal(new Set(made).size, made.length)
})

test('a request id that could break a log or a header is not echoed', async () => {
  await using service = await openHttpService()
  for (const id of ['', 'a b', 'x'.repeat(129), 'ä', 'a\tb']) {
    const answer = await service.ask('GET', '/nowhere', { headers: { 'x-request-id': id } })
    assert.notEqual(answer.headers['x-request-id'], id)
    assertProblem(answer, 'route-not-found')
  }
})

test('answers forbid content sniffing, and problems forbid caching', async () => {
  await using service = await openHttpService()
  for (const url of ['/v1/cart/ann', '/nowhere', '/v1/cart/%zz', '/v1/cart/a%20b', '/health']) {
    const { headers, status } = await service.ask('GET', url)
    assert.equal(headers['x-content-type-options'], 'nosniff', url)
    if (status >= 400) assert.equal(headers['cache-control'], 'no-store', url)
  }
})

test('every spelling of the JSON content type in UTF-8 is accepted, also without a body', async () => {
  await using service = await openHttpService()
  const types = [
    'application/json',
    'APPLICATION/JSON',
    'application/json;charset=utf-8',
    'application/json; charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json ; charset=utf8',
  ]
  for (const type of types) {
    const answer = await service.ask('POST', items, {
      body: lamp,
      headers: { 'content-type': type },
    })
    assert.equal(answer.status, 201, type)
  }
  const bom = await service.ask('POST', items, { raw: `\ufeff${JSON.stringify(lamp)}` })
  assert.equal(bom.status, 201, 'RFC 8259 allows to ignore a byte order mark')
  const headers = { 'content-type': 'application/json' }
  assert.equal((await service.ask('DELETE', '/v1/cart/ann', { headers })).status, 204)
})

test('the OpenAPI document and its pages are served', async () => {
  await using service = await openHttpService()
  const document = await service.ask('GET', '/openapi.json')
  assert.equal(document.status, 200)
  assert.match(document.headers['content-type'] ?? '', /^application\/json/)
  assert.equal(document.json().openapi, '3.1.0')
  for (const url of ['/docs', '/docs/', '/docs/static/swagger-ui.css']) {
    const page = await service.ask('GET', url)
    assert.equal(page.status, 200, url)
  }
  const { headers } = await service.ask('GET', '/docs')
  assert.match(headers['content-security-policy'] ?? '', /default-src 'self'/)
})
