// Bad input gets a clear 4xx and changes nothing: a list of more than 300 requests.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Asked,
  type HttpService,
  itemAt,
  openHttpService,
  type StoreKind,
  worldOf,
} from '../../support/http-service.ts'
import { assertIsProblem, read } from '../../support/http-shapes.ts'
import { type BadRequest, cart, items } from './bad-requests/bad-request.ts'
import { badBodies } from './bad-requests/bodies.ts'
import { badHeaders } from './bad-requests/headers.ts'
import { badIds } from './bad-requests/ids.ts'
import { badOperations } from './bad-requests/operations.ts'

const corpus: Readonly<Record<string, readonly BadRequest[]>> = {
  'ids in paths': badIds,
  bodies: badBodies,
  operations: badOperations,
  'headers and queries': badHeaders,
}

test('the corpus has at least 300 bad requests, and none of them twice', () => {
  const all = Object.values(corpus).flat()
  assert.ok(all.length >= 300, `${all.length} requests`)
  const seen = new Set(all.map((bad) => JSON.stringify({ ...bad, why: '', status: 0 })))
  assert.equal(seen.size, all.length, 'a request is there twice')
})

/** The id of its first item: `known` in the corpus. */
const findKnown = async (service: HttpService) =>
  itemAt(read('cart', await service.ask('GET', cart)).items, 0).item_id

/** What a caller can see, and what the store holds. */
const views = async (service: HttpService) => [
  (await service.ask('GET', cart)).text,
  (await service.ask('GET', `${cart}/journal?limit=1000`)).text,
  (await service.ask('GET', '/v1/cart/bob')).text,
  await worldOf(service, 'ann'),
]

const send = (service: HttpService, bad: BadRequest, known: string) => {
  const url = bad.url.replace('/known', `/${known}`)
  const raw = typeof bad.raw === 'string' ? bad.raw.replaceAll('"known"', `"${known}"`) : bad.raw
  const asked: Asked = raw === undefined ? bad : { ...bad, raw }
  return service.ask(bad.method, url, asked)
}

/** A cart that is nearly full. */
const fillCart = async (service: HttpService) => {
  const add = (product_id: string) => ({ op: 'add', product_id, quantity: 1 })
  const post = (operations: readonly object[]) =>
    service.ask('POST', `${cart}/operations`, { body: { operations } })
  await service.ask('POST', items, { body: { product_id: 'first', quantity: 1 } })
  for (let n = 0; n < 4; n += 1) {
    const made = Array.from({ length: 100 }, (_, m) => add(`many${n}-${m}`))
    assert.equal((await post(made)).status, 200)
  }
}

for (const store of ['memory', 'sqlite'] as const satisfies readonly StoreKind[]) {
  for (const [name, requests] of Object.entries(corpus)) {
    test(`${name}: ${requests.length} bad requests change nothing (${store})`, async () => {
      await using service = await openHttpService({ store })
      await fillCart(service)
      const known = await findKnown(service)
      const untouched = await views(service)
      for (const bad of requests) {
        const answer = await send(service, bad, known)
        const sent = `${bad.why}\n${bad.method} ${bad.url.slice(0, 200)}`
        const detail = `${sent}\n${answer.text.slice(0, 500)}`
        assert.equal(answer.status, bad.status, detail)
        assertIsProblem(answer)
        // Reading everything costs more than the request; the tag shows which request changed the cart.
        assert.equal((await service.ask('HEAD', cart)).headers.etag, '"5.5"', detail)
      }
      assert.deepEqual(await views(service), untouched)
    })
  }
}

test('additions just within the limits are accepted', async () => {
  await using service = await openHttpService()
  const accepted = [
    { product_id: 'x'.repeat(128), quantity: 9_999 },
    { product_id: '\u{1f4a1}'.repeat(128), quantity: 1, name: '\u8336'.repeat(256) },
    { product_id: 'a', quantity: 1, attributes: { a: 'x'.repeat(2_040) } },
    {
      product_id: 'b',
      quantity: 1,
      attributes: JSON.parse(`{"a":${'['.repeat(6)}${']'.repeat(6)}}`),
    },
    { product_id: 'c', quantity: 1, attributes: { constructor: 'x', toString: 1, '': null } },
    { product_id: 'd', quantity: 1, attributes: { a: 1e308, b: -0, c: 5e-324 } },
    { product_id: 'e\u2028f', quantity: 1, name: "<script>alert('x')</script>" },
    { product_id: "'; drop table carts; --", quantity: 1, attributes: {} },
  ]
  for (const body of accepted) {
    const answer = await service.ask('POST', items, { body })
    assert.equal(answer.status, 201, answer.text)
    const item = itemAt(read('cart', answer).items, -1)
    const expected = JSON.parse(JSON.stringify({ attributes: {}, name: null, ...body }))
    const { product_id, quantity, name, attributes } = item
    assert.deepEqual({ product_id, quantity, name, attributes }, expected)
  }
})
