// An enforced catalog: unknown products are refused, and its prices go into the cart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CartError } from '../../../src/domain/errors.ts'
import type { Catalog, Product } from '../../../src/ports/catalog.ts'
import { openHttpService } from '../../support/http-service.ts'
import { assertProblem, read } from '../../support/http-shapes.ts'

const lamp: Product = { id: 'lamp', name: 'Desk lamp', price: { amount: 1_999, currency: 'EUR' } }
const rug: Product = { id: 'rug', name: null, price: { amount: 5, currency: 'EUR' } }
const sake: Product = { id: 'sake', name: 'Sake', price: { amount: 900, currency: 'JPY' } }

/** A catalog that the test controls. */
const holdCatalog = (...sold: readonly Product[]) => {
  const products = new Map(sold.map((product) => [product.id, product]))
  const state = { isUnavailable: false, users: null as ReadonlySet<string> | null }
  const find = (ids: readonly string[]) =>
    new Map(
      ids.flatMap((id) => {
        const product = products.get(id)
        return product === undefined ? [] : [[id, product] as const]
      }),
    )
  const assertAvailable = () => {
    if (state.isUnavailable) throw new CartError('catalog-unavailable', 'secret cause')
  }
  const catalog: Catalog = {
    name: 'file',
    findProducts: async (ids) => {
      assertAvailable()
      return find(ids)
    },
    peekProducts: async (ids) => (state.isUnavailable ? null : find(ids)),
    hasUser: async (id) => {
      assertAvailable()
      return state.users?.has(id) ?? true
    },
    check: async () => assertAvailable(),
    [Symbol.asyncDispose]: async () => {},
  }
  return { catalog, products, state }
}

const openShop = async (...sold: readonly Product[]) => {
  const shop = holdCatalog(...sold)
  const service = await openHttpService({ catalog: shop.catalog })
  const add = (product: string, quantity = 1, headers: Record<string, string> = {}) =>
    service.ask('POST', '/v1/cart/ann/items', {
      body: { product_id: product, quantity },
      headers,
    })
  const cart = async () => read('cart', await service.ask('GET', '/v1/cart/ann'))
  const close = () => service[Symbol.asyncDispose]()
  return { ...shop, service, add, cart, [Symbol.asyncDispose]: close }
}

test('an item has the name and price of the catalog, and the cart has a subtotal', async () => {
  await using shop = await openShop(lamp, rug)
  assert.equal((await shop.add('lamp', 3)).status, 201)
  await shop.add('rug', 7)
  const cart = await shop.cart()
  assert.deepEqual(
    cart.items.map((item) => [item.name, item.unit_price]),
    [
      ['Desk lamp', lamp.price],
      [null, rug.price],
    ],
  )
  assert.deepEqual(cart.subtotal, { amount: 3 * 1_999 + 7 * 5, currency: 'EUR' })
})

test('an unknown product is 404 and changes nothing', async () => {
  await using shop = await openShop(lamp)
  assertProblem(await shop.add('ghost'), 'product-not-found')
  const operations = [
    { op: 'add', product_id: 'lamp', quantity: 1 },
    { op: 'add', product_id: 'ghost', quantity: 1 },
  ]
  const answer = await shop.service.ask('POST', '/v1/cart/ann/operations', { body: { operations } })
  assertProblem(answer, 'product-not-found')
  assert.equal((await shop.cart()).revision, 0)
})

test('an unknown user is 404', async () => {
  await using shop = await openShop(lamp)
  shop.state.users = new Set(['bob'])
  assertProblem(await shop.add('lamp'), 'user-not-found')
  shop.state.users = new Set(['ann'])
  assert.equal((await shop.add('lamp')).status, 201)
})

test('while the catalog is unavailable adds are 503, and everything else works', async () => {
  await using shop = await openShop(lamp)
  const first = await shop.add('lamp', 2, { 'idempotency-key': 'k' })
  shop.state.isUnavailable = true
  const answer = await shop.add('lamp')
  assertProblem(answer, 'catalog-unavailable')
  assert.match(answer.headers['retry-after'] ?? '', /^\d+$/)
  assert.doesNotMatch(answer.text, /secret/)
  const again = await shop.add('lamp', 2, { 'idempotency-key': 'k' })
  assert.deepEqual([again.status, again.text], [201, first.text])
  const cart = await shop.cart()
  const url = `/v1/cart/ann/items/${cart.items[0]?.item_id}`
  assert.equal((await shop.service.ask('PATCH', url, { body: { quantity: 5 } })).status, 200)
  const ready = read('ready', await shop.service.ask('GET', '/ready'))
  assert.equal(ready.status, 'degraded')
  assert.deepEqual(ready.checks.catalog, { status: 'degraded', name: 'file' })
})

test('a repeat of an add is answered as before, also when its product was deleted', async () => {
  await using shop = await openShop(lamp)
  const first = await shop.add('lamp', 2, { 'idempotency-key': 'k' })
  shop.products.delete('lamp')
  const again = await shop.add('lamp', 2, { 'idempotency-key': 'k' })
  assert.deepEqual([again.status, again.text], [201, first.text])
})

test('the routes of the references enforce the catalog as well, with the messages of reference 002', async () => {
  await using shop = await openShop(lamp)
  const ask = (url: string, body: object) => shop.service.ask('POST', url, { body })
  const ghost = { product_id: 'ghost', quantity: 1 }
  for (const url of ['/cart/ann', '/cart/users/ann']) {
    const answer = await ask(url, ghost)
    assert.deepEqual([answer.status, answer.json()], [404, { detail: 'Product not found' }])
  }
  assert.equal((await ask('/cart/ann', { product_id: 'lamp', quantity: 2 })).status, 200)
  assert.deepEqual((await shop.cart()).subtotal, { amount: 3_998, currency: 'EUR' })
  shop.state.users = new Set(['bob'])
  const answer = await ask('/cart/ann', { product_id: 'lamp', quantity: 2 })
  assert.deepEqual([answer.status, answer.json()], [404, { detail: 'User not found' }])
})

test('an item whose product was deleted or has a new price shows it, and stays as it is', async () => {
  await using shop = await openShop(lamp, rug, sake)
  for (const id of ['lamp', 'rug', 'sake']) await shop.add(id, 2)
  const before = await shop.cart()
  assert.ok(before.items.every((item) => item.catalog === undefined))
  shop.products.delete('rug')
  shop.products.set('lamp', { ...lamp, price: { amount: 2_499, currency: 'EUR' } })
  const after = await shop.cart()
  assert.deepEqual(
    after.items.map((item) => [item.unit_price, item.catalog]),
    [
      [lamp.price, { status: 'price_changed', unit_price: { amount: 2_499, currency: 'EUR' } }],
      [rug.price, { status: 'gone' }],
      [sake.price, undefined],
    ],
  )
  assert.equal(after.revision, before.revision)
  const url = `/v1/cart/ann/items/${after.items[1]?.item_id}`
  assert.deepEqual(read('item', await shop.service.ask('GET', url)).catalog, { status: 'gone' })
})

test('adding to an item applies the current price to all its units', async () => {
  await using shop = await openShop(lamp)
  await shop.add('lamp', 2)
  shop.products.set('lamp', { ...lamp, price: { amount: 2_000, currency: 'EUR' } })
  await shop.add('lamp', 1)
  const cart = await shop.cart()
  assert.deepEqual(cart.items[0]?.unit_price, { amount: 2_000, currency: 'EUR' })
  assert.deepEqual(cart.subtotal, { amount: 6_000, currency: 'EUR' })
})

test('a cart with prices in two currencies, or an item without a price, has no subtotal', async () => {
  await using shop = await openShop(lamp, sake, { id: 'gift', name: null, price: null })
  await shop.add('lamp')
  await shop.add('sake')
  assert.equal((await shop.cart()).subtotal, null)
  await using other = await openShop(lamp, { id: 'gift', name: null, price: null })
  await other.add('lamp')
  await other.add('gift')
  assert.equal((await other.cart()).subtotal, null)
})

test('the subtotal of any cart is exact to the cent', async () => {
  const line = fc.record({
    amount: fc.nat(1_000_000_000),
    quantity: fc.integer({ min: 1, max: 9_999 }),
  })
  await using shop = await openShop()
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 4 }), async (lines) => {
      run += 1
      const operations = lines.map(({ amount, quantity }, index) => {
        const id = `p${index}`
        shop.products.set(id, { id, name: null, price: { amount, currency: 'EUR' } })
        return { op: 'add', product_id: id, quantity }
      })
      const url = `/v1/cart/u${run}`
      await shop.service.ask('POST', `${url}/operations`, { body: { operations } })
      const { subtotal } = read('cart', await shop.service.ask('GET', url))
      const sum = lines.reduce((all, l) => all + BigInt(l.amount) * BigInt(l.quantity), 0n)
      assert.equal(BigInt(subtotal?.amount ?? -1), sum)
    }),
    { numRuns: 1_000 },
  )
})
