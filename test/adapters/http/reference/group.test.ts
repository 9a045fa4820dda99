// What the reference APIs have in common: the way to /v1, the form of refusals, the switch.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CartError } from '../../../../src/domain/errors.ts'
import { openHttpService, worldOf } from '../../../support/http-service.ts'
import { assertProblem } from '../../../support/http-shapes.ts'
import { ask, cartOf } from './asked.ts'

const body = { product_id: 'L9ECAV7KIM', name: 'laptop', quantity: 8 }

const lines = [
  'POST /cart/abcde/L9ECAV7KIM?quantity=8',
  'POST /cart/abcde',
  'GET /cart/abcde',
  'POST /cart/users/abcde',
  'GET /cart/users/abcde',
  'POST /api/v1/items',
  'GET /api/v1/items',
  'POST /items',
  'GET /items',
  'DELETE /cart/abcde',
  'DELETE /cart/users/abcde',
]

const askLine = (service: Awaited<ReturnType<typeof openHttpService>>, line: string, more = {}) => {
  const [method = '', url = ''] = line.split(' ')
  return service.ask(method, url, method === 'POST' ? { body, headers: more } : { headers: more })
}

test('every answer of a reference route has headers for its deprecation and its successor', async () => {
  await using service = await openHttpService()
  for (const line of [...lines, 'POST /cart/abcde/x?quantity=0']) {
    const { headers } = await askLine(service, line)
    assert.match(headers.deprecation ?? '', /^@\d{10}$/, line)
    const user = line.endsWith('items') ? 'default' : 'abcde'
    assert.equal(headers.link, `</v1/cart/${user}>; rel="successor-version"`, line)
  }
  const odd = await askLine(service, 'GET /cart/auth0%7Cabc')
  assert.equal(odd.headers.link, '</v1/cart/auth0%7Cabc>; rel="successor-version"')
  const users = await service.ask('POST', '/cart/users/x?quantity=1')
  assert.equal(users.headers.link, '</v1/cart/users>; rel="successor-version"')
  const none = await askLine(service, 'GET /cart/%3E%0Aevil')
  assert.deepEqual([none.status, none.headers.link], [422, undefined])
  assert.equal((await service.ask('GET', '/v1/cart/abcde')).headers.deprecation, undefined)
})

test('while the reference routes are switched off they are 404, and /v1 is served', async () => {
  await using service = await openHttpService({ referenceApis: 'off' })
  for (const line of lines) assertProblem(await askLine(service, line), 'route-not-found')
  assert.equal((await service.ask('GET', '/v1/cart/abcde')).status, 200)
})

test('on a reference route a stale If-Match is 412 with a sentence, a malformed header 400', async () => {
  await using service = await openHttpService()
  const added = await askLine(service, 'POST /cart/abcde')
  await askLine(service, 'POST /cart/abcde')
  const before = await worldOf(service, 'abcde')
  const writes = lines.filter((line) => /^(?:POST|DELETE) \/cart/.test(line))
  for (const line of writes) {
    const stale = await askLine(service, line, { 'if-match': added.headers.etag })
    assert.equal(stale.status, 412, line)
    assert.deepEqual(stale.json(), { detail: 'The cart is at version 2 now.' })
    const malformed = await askLine(service, line, { 'idempotency-key': 'a b' })
    assert.equal(malformed.status, 400, line)
    assert.equal(typeof malformed.json().detail, 'string')
  }
  assert.equal(await worldOf(service, 'abcde'), before)
  const { headers } = await service.ask('GET', '/cart/abcde')
  const current = { 'if-match': headers.etag ?? '' }
  assert.equal((await askLine(service, 'DELETE /cart/abcde', current)).status, 200)
})

test('on a reference route an unavailable store is 503 with a sentence and Retry-After', async () => {
  let isUnavailable = false
  await using service = await openHttpService({
    wrap: (store) => ({
      ...store,
      commit: (change) => {
        if (isUnavailable) throw new CartError('store-unavailable', 'The store does not answer.')
        return store.commit(change)
      },
    }),
  })
  isUnavailable = true
  for (const line of lines.filter((each) => each.startsWith('POST'))) {
    const answer = await askLine(service, line)
    assert.equal(answer.status, 503, line)
    assert.deepEqual(answer.json(), { detail: 'The store did not answer; try again.' })
    assert.equal(answer.headers['retry-after'], '2')
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  }
})

test('on a reference route an unexpected error is 500 without its text, and is logged', async () => {
  await using service = await openHttpService({
    wrap: (store) => ({
      ...store,
      commit: () => {
        throw new Error('secret inside')
      },
    }),
  })
  const answer = await askLine(service, 'POST /cart/abcde')
  assert.equal(answer.status, 500)
  assert.doesNotMatch(answer.text, /secret/)
  assert.match(service.logged.join(), /secret inside/)
})

test('on a reference route the limits of a cart apply, and a body that is too large is 413', async () => {
  await using service = await openHttpService()
  const operations = Array.from({ length: 100 }, (_, n) => ({
    op: 'add',
    product_id: `p${n}`,
    quantity: 1,
  }))
  for (let n = 0; n < 5; n += 1) {
    const numbered = operations.map((each) => ({ ...each, product_id: `${each.product_id}-${n}` }))
    await ask(service, 'POST /v1/cart/abcde/operations', 200, { body: { operations: numbered } })
  }
  const { detail } = await ask(service, 'POST /cart/abcde/one-more?quantity=1', 422)
  assert.equal((detail as { type: string }[])[0]?.type, 'items_limit')
  const large = { ...body, note: 'x'.repeat(70_000) }
  const refused = await ask(service, 'POST /cart/users/abcde', 413, { body: large })
  assert.equal(typeof refused.detail, 'string')
  assert.equal(Object.keys(await cartOf(service, 'abcde')).length, 500)
})

const segment = fc.oneof(
  fc.constantFrom('abcde', 'users', 'L9ECAV7KIM'),
  fc.string({ unit: 'binary' }).map((text) => encodeURIComponent(text.toWellFormed())),
)
const anyValue = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.integer(), fc.constant('x'))
const anyBody = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue(),
  fc.record(
    { product_id: anyValue, name: anyValue, quantity: anyValue },
    { requiredKeys: ['quantity'] },
  ),
)
const anyQuery = fc.oneof(
  fc.constant(''),
  fc.webQueryParameters(),
  fc
    .tuple(fc.constantFrom('quantity', 'product_id', 'format', 'after', 'limit'), segment)
    .map(([name, value]) => `${name}=${value}`),
)
const paths = ['/cart/A', '/cart/A/B', '/cart/users/A', '/items', '/api/v1/items']

test('a random request to a reference route is never a 5xx, and a refused one writes nothing', async () => {
  let commits = 0
  await using service = await openHttpService({
    wrap: (store) => ({
      ...store,
      commit: (change) => {
        commits += 1
        return store.commit(change)
      },
    }),
  })
  const method = fc.constantFrom('GET', 'POST', 'POST', 'DELETE')
  const url = fc
    .tuple(fc.constantFrom(...paths), segment, segment, anyQuery)
    .map(([path, a, b, q]) => `${path.replace('A', () => a).replace('B', () => b)}?${q}`)
  const seen = { refused: 0, done: 0 }
  await fc.assert(
    fc.asyncProperty(method, url, anyBody, async (verb, at, sent) => {
      const before = commits
      const answer = await service.ask(verb, at, verb === 'POST' ? { body: sent } : {})
      assert.ok(answer.status < 500, answer.text)
      if (answer.status < 400) {
        seen.done += 1
        return
      }
      seen.refused += 1
      assert.equal(commits, before)
      assert.equal(answer.json().detail !== undefined, true)
    }),
    { numRuns: 1_000 },
  )
  assert.ok(seen.refused > 200 && seen.done > 50, JSON.stringify(seen))
})
