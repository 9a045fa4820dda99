// The catalog of a product service: what its answers mean, and how often it is called.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isCartError } from './is-cart-error.ts'
import { type Answer, answer, openCatalogAt, openProductServer } from './product-server.ts'

const lamp = { id: 'lamp', name: 'Lamp', price: '12.99', currency: 'EUR' }

const prices: readonly (readonly [body: Record<string, unknown>, price: unknown])[] = [
  [{ price: '12.99' }, { amount: 1_299, currency: 'USD' }],
  [
    { price: 12.99, currency: 'EUR' },
    { amount: 1_299, currency: 'EUR' },
  ],
  [{ price: 0.1 + 0.2 }, { amount: 30, currency: 'USD' }],
  [
    { price: 1e2, currency: 'JPY' },
    { amount: 100, currency: 'JPY' },
  ],
  [{ price: { amount: 1_299, currency: 'KWD' } }, { amount: 1_299, currency: 'KWD' }],
  [
    { price: { amount: 0 }, currency: 'EUR' },
    { amount: 0, currency: 'EUR' },
  ],
  [{ price: null, currency: 'EUR' }, null],
  [{}, null],
]

test('the price in an answer may be a decimal text, a number, or minor units', async () => {
  for (const [body, price] of prices) {
    await using server = await openProductServer(answer(200, { id: 'lamp', ...body }))
    await using catalog = await openCatalogAt(server.url)
    const found = await catalog.findProducts(['lamp'])
    assert.deepEqual(found.get('lamp'), { id: 'lamp', name: null, price }, JSON.stringify(body))
  }
})

test('the request has the product below the path of the URL, and the password', async () => {
  await using server = await openProductServer(answer(404))
  const url = new URL('/shop/v2/', server.url)
  url.username = 'ada'
  url.password = 'p/w'
  await using catalog = await openCatalogAt(url)
  await catalog.findProducts(['a/b ☕?'])
  const [call] = server.calls
  assert.deepEqual(
    [call?.method, call?.path, call?.body],
    ['GET', '/shop/v2/products/a%2Fb%20%E2%98%95%3F', ''],
  )
  assert.equal(call?.headers.authorization, `Basic ${btoa('ada:p/w')}`)
})

test('404 and 410 mean that a product does not exist; it is requested again a little later', async () => {
  for (const status of [404, 410]) {
    await using server = await openProductServer(answer(status, 'x'.repeat(1_000)))
    await using catalog = await openCatalogAt(server.url, { missingMs: 100 })
    assert.equal((await catalog.findProducts(['lamp'])).size, 0)
    assert.equal((await catalog.findProducts(['lamp'])).size, 0)
    assert.equal((await catalog.peekProducts(['lamp']))?.size, 0)
    assert.equal(server.calls.length, 1)
    server.answer = answer(200, lamp)
    await sleep(120)
    assert.equal((await catalog.findProducts(['lamp'])).size, 1)
    await catalog.check()
    assert.deepEqual(catalog.troubles, [])
  }
})

test('a product is requested once while it is fresh, and in one call at a time', async () => {
  await using server = await openProductServer((response) => {
    setTimeout(() => answer(200, lamp)(response, { path: '' } as never), 50)
  })
  await using catalog = await openCatalogAt(server.url, { freshMs: 200 })
  const all = await Promise.all(Array.from({ length: 50 }, () => catalog.findProducts(['lamp'])))
  assert.ok(all.every((found) => found.get('lamp')?.price?.amount === 1_299))
  await catalog.findProducts(['lamp'])
  assert.equal(server.calls.length, 1)
  await sleep(220)
  await catalog.findProducts(['lamp'])
  assert.equal(server.calls.length, 2)
})

test('the catalog has at most its limit of calls open', async () => {
  let [open, most] = [0, 0]
  await using server = await openProductServer((response, { path }) => {
    open += 1
    most = Math.max(most, open)
    setTimeout(() => {
      open -= 1
      answer(200, { id: path.slice('/products/'.length) })(response, { path } as never)
    }, 10)
  })
  await using catalog = await openCatalogAt(server.url, { connections: 4 })
  const ids = Array.from({ length: 60 }, (_, index) => `p${index}`)
  assert.equal((await catalog.findProducts(ids)).size, 60)
  assert.equal(most, 4)
})

test('the catalog caches at most its limit of products', async () => {
  const echo: Answer = (response, call) =>
    answer(200, { id: call.path.slice('/products/'.length) })(response, call)
  await using server = await openProductServer(echo)
  await using catalog = await openCatalogAt(server.url, { entriesMax: 2 })
  for (const id of ['a', 'b', 'a', 'c', 'a', 'b']) await catalog.findProducts([id])
  assert.deepEqual(server.ids(), ['a', 'b', 'c', 'b'])
})

test('look-ups of unknown products evict no cached product, and a deleted product disappears', async () => {
  const names = new Set(['/products/a'])
  await using server = await openProductServer((response, call) =>
    answer(names.has(call.path) ? 200 : 404, {})(response, call),
  )
  await using catalog = await openCatalogAt(server.url, { entriesMax: 2, freshMs: 200 })
  for (const id of ['a', 'x', 'y', 'z', 'z', 'a']) await catalog.findProducts([id])
  assert.deepEqual(server.ids(), ['a', 'x', 'y', 'z'])
  names.clear()
  await sleep(220)
  assert.equal((await catalog.findProducts(['a'])).size, 0)
  assert.equal((await catalog.peekProducts(['a']))?.size, 0)
})

test('a peek at a product that is not cached is null, and requests it for the next look-up', async () => {
  await using server = await openProductServer(answer(200, lamp))
  await using catalog = await openCatalogAt(server.url)
  assert.equal(await catalog.peekProducts(['lamp']), null)
  await catalog.findProducts(['lamp'])
  assert.equal((await catalog.peekProducts(['lamp']))?.get('lamp')?.name, 'Lamp')
  assert.equal(server.calls.length, 1)
})

test('ids that cannot be in a path are unknown products, without a request', async () => {
  await using server = await openProductServer(answer(200, {}))
  await using catalog = await openCatalogAt(server.url)
  assert.equal((await catalog.findProducts(['.', '..', '\ud800'])).size, 0)
  assert.equal(server.calls.length, 0)
})

test('an unknown currency is refused at the start', async () => {
  const url = new URL('http://127.0.0.1:1')
  await assert.rejects(openCatalogAt(url, { currency: 'dollars' }), /ISO 4217/)
})

test('a product whose answer was unreadable is requested again', async () => {
  await using server = await openProductServer(answer(200, '<html>'))
  await using catalog = await openCatalogAt(server.url)
  await assert.rejects(catalog.findProducts(['lamp']), isCartError(/is not JSON/))
  server.answer = answer(200, lamp)
  assert.equal((await catalog.findProducts(['lamp'])).size, 1)
})
