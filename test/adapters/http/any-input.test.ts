// Random requests: never a 5xx, every refusal is a problem, and nothing of it is in the store.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { type Answer, type Asked, itemAt, openHttpService } from '../../support/http-service.ts'
import { assertIsProblem, read } from '../../support/http-shapes.ts'

let commits = 0
const service = await openHttpService({
  wrap: (store) => ({
    ...store,
    commit: async (change) => {
      const result = await store.commit(change)
      if (result === 'committed') commits += 1
      return result
    },
  }),
})
after(() => service[Symbol.asyncDispose]())

const added = await service.ask('POST', '/v1/cart/ann/items', {
  body: { product_id: 'first', quantity: 9_000 },
})
const itemId = itemAt(read('cart', added).items, 0).item_id

type Request = Asked & { readonly method: string; readonly url: string }

const toEscapes = (bytes: Uint8Array) =>
  [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

const segment = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('ann', 'bob', itemId) },
  {
    weight: 2,
    arbitrary: fc.string({ unit: 'binary' }).map((text) => encodeURIComponent(text.toWellFormed())),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map(toEscapes) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('%', '0', 'a', '.', '~', ';', '=') }) },
)
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.webQueryParameters().map((text) => `?${text}`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('limit', 'after', 'state'), segment)
      .map(([name, value]) => `?${name}=${value}`),
  },
)
const templates = [
  '/v1/cart/A',
  '/v1/cart/A/items',
  '/v1/cart/A/items/B',
  '/v1/cart/A/items/B/reserve',
  '/v1/cart/A/operations',
  '/v1/cart/A/journal',
  '/v1/admin/jobs',
  '/v1/admin/jobs/A/requeue',
  '/A/B',
]
const url = fc
  .tuple(fc.constantFrom(...templates), segment, segment, query)
  .map(([path, a, b, rest]) => path.replace('A', () => a).replace('B', () => b) + rest)

const good = [
  {
    product_id: 'lamp',
    quantity: 1,
    name: 'Lamp',
    attributes: { color: 'red', size: [1, { a: 2 }] },
  },
  { quantity: 3 },
  {
    operations: [
      { op: 'add', product_id: 'lamp', quantity: 1 },
      { op: 'set', item_id: itemId, quantity: 2 },
      { op: 'clear' },
    ],
  },
] as const

/** The value with one of its parts, chosen by `at`, replaced or gone. */
const change = (value: unknown, at: number, part: unknown): unknown => {
  let left = at
  const walk = (node: unknown): unknown => {
    left -= 1
    if (left < 0 && left > -2) return part
    if (Array.isArray(node)) return node.map(walk)
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([name, member]) => [name, walk(member)]))
  }
  return walk(value)
}

const changedBody = fc
  .tuple(fc.constantFrom(...good), fc.nat({ max: 14 }), fc.jsonValue({ stringUnit: 'binary' }))
  .map(([body, at, part]) => JSON.stringify(change(body, at, part)))

const brokenBody = fc
  .tuple(
    fc.constantFrom(...good),
    fc.nat({ max: 150 }),
    fc.string({ unit: 'binary', maxLength: 3 }),
  )
  .map(([body, at, text]) => {
    const whole = JSON.stringify(body)
    return whole.slice(0, at) + text + whole.slice(at + text.length)
  })

const raw = fc.oneof(
  { weight: 3, arbitrary: changedBody },
  { weight: 2, arbitrary: brokenBody },
  { weight: 1, arbitrary: fc.json({ stringUnit: 'binary', maxDepth: 12 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 2, arbitrary: fc.constantFrom(...good.map((body) => JSON.stringify(body))) },
)

const someText = fc.string({ unit: 'grapheme-ascii', maxLength: 40 })
const oddHeaders = fc.record(
  {
    'idempotency-key': fc.oneof(someText, fc.constantFrom('k1', 'k2', '"k1"')),
    'if-match': fc.oneof(someText, fc.constantFrom('"1.1"', '*', '"2.2", "3"')),
    'if-none-match': fc.oneof(someText, fc.constantFrom('"1.1"', '*')),
    prefer: fc.oneof(someText, fc.constant('return=minimal')),
    'content-type': fc.oneof(
      { weight: 1, arbitrary: someText },
      { weight: 8, arbitrary: fc.constant('application/json') },
    ),
    'x-request-id': someText,
  },
  { requiredKeys: [] },
)
const headers = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: oddHeaders },
)

const methods = fc.constantFrom(
  'GET',
  'POST',
  'POST',
  'POST',
  'PATCH',
  'PATCH',
  'DELETE',
  'PUT',
  'HEAD',
)
const anything: fc.Arbitrary<Request> = fc
  .record({ method: methods, url, raw, headers })
  .map(({ raw: body, ...rest }) => (/GET|HEAD/.test(rest.method) ? rest : { ...rest, raw: body }))

const [addition, quantity, operations] = good
const cart = '/v1/cart/ann'
const routes = [
  ['POST', `${cart}/items`, addition],
  ['PATCH', `${cart}/items/${itemId}`, quantity],
  ['POST', `${cart}/operations`, operations],
] as const

/** To an existing route, with a nearly valid body. */
const nearly: fc.Arbitrary<Request> = fc
  .tuple(fc.constantFrom(...routes), fc.nat({ max: 20 }), fc.jsonValue(), headers)
  .map(([[method, path, body], at, part, sent]) => ({
    method,
    url: path,
    raw: JSON.stringify(change(body, at, part)),
    headers: sent,
  }))

const request = fc.oneof({ weight: 3, arbitrary: anything }, { weight: 1, arbitrary: nearly })

const seen = { refused: 0, done: 0 }

const check = (asked: Request, answer: Answer, commitsBefore: number) => {
  assert.ok(answer.status < 500, answer.text)
  if (answer.status < 400) {
    seen.done += 1
    return
  }
  seen.refused += 1
  if (asked.method !== 'HEAD') assertIsProblem(answer)
  assert.equal(commits, commitsBefore, 'a refused request wrote something')
}

test('of 2,000 random requests, those that are refused write nothing', async () => {
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const before = commits
      const answer = await service.ask(asked.method, asked.url, asked)
      check(asked, answer, before)
    }),
    { numRuns: 2_000 },
  )
  assert.ok(seen.refused > 500, `only ${seen.refused} were bad`)
  assert.ok(seen.done > 100, `only ${seen.done} were good`)
})

test('a refused request leaves the cart and its history byte for byte as they were', async () => {
  const views = async () => [
    (await service.ask('GET', '/v1/cart/ann')).text,
    (await service.ask('GET', '/v1/cart/ann/journal?limit=1000')).text,
  ]
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const before = await views()
      const { status } = await service.ask(asked.method, asked.url, asked)
      if (status >= 400) assert.deepEqual(await views(), before)
    }),
    { numRuns: 300 },
  )
})
