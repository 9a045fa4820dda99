// The items of a cart: add, read, set, remove, reserve again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../../src/domain/reservation/job.ts'
import {
  type HttpService,
  itemAt,
  openHttpService,
  type StoreKind,
  worldOf,
} from '../../support/http-service.ts'
import { assertProblem, type ItemJson, read } from '../../support/http-shapes.ts'

const items = '/v1/cart/ann/items'
const soldOut: Outcome = { kind: 'refused', reason: 'answered 409' }

const add = async (service: HttpService, body: object = { product_id: 'lamp', quantity: 2 }) => {
  const answer = await service.ask('POST', items, { body })
  assert.equal(answer.status, 201, answer.text)
  const location = answer.headers.location ?? ''
  return { answer, cart: read('cart', answer), location }
}

const itemOf = async (service: HttpService, location: string): Promise<ItemJson> =>
  read('item', await service.ask('GET', location))

test('adding an item answers 201 with the cart, its tag and the location of the item', async () => {
  await using service = await openHttpService()
  const { answer, cart, location } = await add(service)
  const item = itemAt(cart.items, 0)
  assert.equal(answer.headers.etag, '"1.1"')
  assert.equal(location, `${items}/${item.item_id}`)
  assert.equal(item.reservation.status, 'pending')
  assert.equal(item.reservations[0]?.status, 'pending')
  assert.deepEqual(await itemOf(service, location), item)
})

test('the same product with the same attributes in any order is the same item', async () => {
  await using service = await openHttpService()
  const choice = {
    product_id: 'ring',
    quantity: 2,
    attributes: { size: 7, text: { a: 1, b: [2] } },
  }
  const first = await add(service, choice)
  const again = { ...choice, quantity: 3, attributes: { text: { b: [2], a: 1 }, size: 7 } }
  const second = await add(service, again)
  assert.equal(second.location, first.location)
  assert.deepEqual([second.cart.item_count, second.cart.total_quantity], [1, 5])
  assert.equal(second.cart.items[0]?.reservations.length, 2, 'a reservation for each addition')
  const other = await add(service, { ...choice, attributes: { size: 8 } })
  assert.equal(other.cart.item_count, 2)
  assert.notEqual(other.location, first.location)
})

test('missing attributes are the same as empty ones; an attribute that is null is not', async () => {
  await using service = await openHttpService()
  await add(service, { product_id: 'p', quantity: 1 })
  await add(service, { product_id: 'p', quantity: 1, attributes: {} })
  const { cart } = await add(service, { product_id: 'p', quantity: 1, attributes: { size: null } })
  assert.deepEqual(
    cart.items.map((item) => item.quantity),
    [2, 1],
  )
})

test('names and product ids are kept as they are, character by character', async () => {
  await using service = await openHttpService()
  const texts = [
    'Gaming laptop 15"',
    '茶 ☕',
    'e\u0301',
    '\u00e9',
    '👩‍👩‍👧',
    'a\u200bb',
    '../x',
    '<b>&amp;',
  ]
  for (const text of texts) {
    const { cart } = await add(service, { product_id: text, quantity: 1, name: text })
    const item = itemAt(cart.items, -1)
    assert.deepEqual([item.product_id, item.name], [text, text])
  }
  const { cart } = await add(service, { product_id: '💡'.repeat(128), quantity: 1, name: null })
  assert.equal(cart.item_count, texts.length + 1, 'no two of them are folded into one')
})

test('a later name of an item replaces the earlier one; an addition without a name keeps it', async () => {
  await using service = await openHttpService()
  await add(service, { product_id: 'p', quantity: 1, name: 'old' })
  const same = await add(service, { product_id: 'p', quantity: 1 })
  assert.equal(same.cart.items[0]?.name, 'old')
  const renamed = await add(service, { product_id: 'p', quantity: 1, name: 'new' })
  assert.equal(renamed.cart.items[0]?.name, 'new')
})

test('units beyond 9,999 of an item are refused by their sum, and change nothing', async () => {
  await using service = await openHttpService()
  const { cart } = await add(service, { product_id: 'p', quantity: 9_999 })
  assert.equal(cart.total_quantity, 9_999)
  const before = await worldOf(service, 'ann')
  const answer = await service.ask('POST', items, { body: { product_id: 'p', quantity: 1 } })
  assert.equal(answer.status, 422)
  assert.match(assertProblem(answer, 'quantity-limit').detail, /10000/)
  assert.equal(await worldOf(service, 'ann'), before)
})

test('a cart holds 500 items and not one more', async () => {
  await using service = await openHttpService()
  for (let from = 0; from < 500; from += 100) {
    const operations = Array.from({ length: 100 }, (_, n) => ({
      op: 'add',
      product_id: `p${from + n}`,
      quantity: 1,
    }))
    const url = '/v1/cart/ann/operations'
    assert.equal((await service.ask('POST', url, { body: { operations } })).status, 200)
  }
  const answer = await service.ask('POST', items, { body: { product_id: 'one', quantity: 1 } })
  assert.equal(assertProblem(answer, 'items-limit').status, 422)
  const more = await add(service, { product_id: 'p7', quantity: 1 })
  assert.deepEqual([more.cart.item_count, more.cart.total_quantity], [500, 501])
})

test('an unknown item is 404 for every method that names one', async () => {
  await using service = await openHttpService()
  await add(service)
  const before = await worldOf(service, 'ann')
  const body = { quantity: 1 }
  for (const cart of ['ann', 'eve']) {
    const url = `/v1/cart/${cart}/items/nope`
    assertProblem(await service.ask('GET', url), 'item-not-found')
    assertProblem(await service.ask('PATCH', url, { body }), 'item-not-found')
    assertProblem(await service.ask('DELETE', url), 'item-not-found')
    assertProblem(await service.ask('POST', `${url}/reserve`), 'item-not-found')
  }
  assert.equal(await worldOf(service, 'ann'), before)
})

test("an item of another user's cart is not found", async () => {
  await using service = await openHttpService()
  const { location } = await add(service)
  const foreign = location.replace('/ann/', '/bob/')
  assertProblem(await service.ask('GET', foreign), 'item-not-found')
  assertProblem(await service.ask('DELETE', foreign), 'item-not-found')
  assert.equal((await service.ask('GET', location)).status, 200)
})

test('PATCH sets the quantity: more is reserved, less is released, 0 removes the item', async () => {
  await using service = await openHttpService()
  const { location } = await add(service)
  const set = async (quantity: number) => {
    const answer = await service.ask('PATCH', location, { body: { quantity } })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.headers.location, undefined)
    return { tag: answer.headers.etag, cart: read('cart', answer) }
  }
  const more = await set(5)
  assert.deepEqual([more.tag, more.cart.total_quantity], ['"2.2"', 5])
  assert.deepEqual(
    more.cart.items[0]?.reservations.map((r) => r.quantity),
    [2, 3],
  )
  const less = await set(2)
  assert.deepEqual([less.tag, less.cart.items[0]?.reservations.length], ['"3.3"', 1])
  const same = await set(2)
  assert.equal(same.tag, '"3.3"', 'no effect, no new version')
  const gone = await set(0)
  assert.deepEqual([gone.tag, gone.cart.items], ['"4.4"', []])
  assertProblem(await service.ask('GET', location), 'item-not-found')
})

test('DELETE removes an item; a second DELETE does not find it', async () => {
  await using service = await openHttpService()
  const { location } = await add(service)
  const answer = await service.ask('DELETE', location)
  assert.deepEqual([answer.status, answer.headers.etag], [200, '"2.2"'])
  assert.deepEqual(read('cart', answer).items, [])
  assertProblem(await service.ask('DELETE', location), 'item-not-found')
})

test('reserve requests refused units again, and answers 202', async () => {
  await using service = await openHttpService()
  const { location } = await add(service)
  await service.settle(soldOut)
  const before = await itemOf(service, location)
  assert.equal(before.reservation.status, 'unavailable')
  assert.equal(before.reservations[0]?.reason, 'answered 409')
  const answer = await service.ask('POST', `${location}/reserve`)
  assert.deepEqual([answer.status, answer.headers.etag], [202, '"1.3"'])
  const item = itemAt(read('cart', answer).items, 0)
  assert.equal(item.reservation.status, 'pending')
  assert.deepEqual(
    item.reservations.map((r) => [r.quantity, r.status]),
    [[2, 'pending']],
  )
  const again = await service.ask('POST', `${location}/reserve`)
  assert.deepEqual([again.status, again.headers.etag], [202, '"1.3"'], 'nothing is left to request')
})

test('with reservations off, items are kept and reserve is refused', async () => {
  await using service = await openHttpService({ reservations: 'off' })
  const { cart, location } = await add(service)
  const item = itemAt(cart.items, 0)
  assert.deepEqual([item.reservation.status, item.reservations], ['none', []])
  const answer = await service.ask('POST', `${location}/reserve`)
  assert.equal(assertProblem(answer, 'reservations-off').status, 409)
})

for (const store of ['memory', 'sqlite'] as const satisfies readonly StoreKind[]) {
  test(`an item shows all its reservations, its cart only the latest 20 (${store})`, async () => {
    await using service = await openHttpService({ store })
    let location = ''
    for (let n = 0; n < 45; n += 1) {
      location = (await add(service, { product_id: 'hot', quantity: 1 })).location
      service.clock.tick(1)
      if (n % 5 === 4) while ((await service.settle()) > 0);
    }
    const whole = await itemOf(service, location)
    const cart = read('cart', await service.ask('GET', '/v1/cart/ann'))
    const line = itemAt(cart.items, 0)
    assert.deepEqual([whole.quantity, whole.reservation.reserved_quantity], [45, 45])
    assert.equal(whole.reservations.length, 45)
    assert.equal(line.reservations.length, 20)
    assert.deepEqual(line.reservations, whole.reservations.slice(-20))
    const times = whole.reservations.map((r) => r.requested_at)
    assert.deepEqual(times, times.toSorted(), 'in the order they were requested')
    assert.equal(line.reservation.reserved_quantity, 45, 'the sum counts those not shown')
  })
}

test('an item is 304 for its current tag in If-None-Match', async () => {
  await using service = await openHttpService()
  const added = await service.ask('POST', '/v1/cart/ann/items', {
    body: { product_id: 'lamp', quantity: 1 },
  })
  const url = added.headers.location ?? ''
  const etag = (await service.ask('GET', url)).headers.etag ?? ''
  const ask = (tag: string) => service.ask('GET', url, { headers: { 'if-none-match': tag } })
  const known = await ask(etag)
  assert.deepEqual([known.status, known.text, known.headers.etag], [304, '', etag])
  assert.equal((await ask('"0.0"')).status, 200)
})
