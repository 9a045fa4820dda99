// The cart as a whole: reading it, reading it again, clearing it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHttpService, type StoreKind, worldOf } from '../../support/http-service.ts'
import { assertProblem, read } from '../../support/http-shapes.ts'

const lamp = { product_id: 'lamp', quantity: 2 }

for (const store of ['memory', 'sqlite'] as const satisfies readonly StoreKind[]) {
  test(`an unknown cart is empty at version 0, reading writes nothing (${store})`, async () => {
    await using service = await openHttpService({ store })
    const before = await worldOf(service, 'eve')
    const answer = await service.ask('GET', '/v1/cart/eve')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(answer.headers.etag, '"0.0"')
    assert.deepEqual(read('cart', answer), {
      user_id: 'eve',
      version: 0,
      revision: 0,
      item_count: 0,
      total_quantity: 0,
      items: [],
      subtotal: null,
      created_at: null,
      updated_at: null,
    })
    assert.equal(await worldOf(service, 'eve'), before)
  })

  test(`a cart shows what was added, and how it is reserved (${store})`, async () => {
    await using service = await openHttpService({ store })
    const body = { ...lamp, name: 'Desk lamp', attributes: { color: 'red' } }
    await service.ask('POST', '/v1/cart/ann/items', { body })
    service.clock.tick(31_000)
    assert.equal(await service.settle(), 1)
    const answer = await service.ask('GET', '/v1/cart/ann')
    const cart = read('cart', answer)
    assert.equal(answer.headers.etag, '"1.2"')
    assert.deepEqual([cart.version, cart.revision], [1, 2])
    assert.deepEqual([cart.item_count, cart.total_quantity], [1, 2])
    assert.equal(cart.created_at, '2026-03-01T12:00:00.000Z')
    assert.equal(cart.updated_at, '2026-03-01T12:00:31.000Z')
    const [item] = cart.items
    const [reservation] = item?.reservations ?? []
    assert.deepEqual(cart.items, [
      {
        item_id: item?.item_id,
        product_id: 'lamp',
        name: 'Desk lamp',
        quantity: 2,
        attributes: { color: 'red' },
        unit_price: null,
        reservation: {
          status: 'reserved',
          reserved_quantity: 2,
          reservation_ids: [`hold-${reservation?.id}`],
        },
        reservations: [
          {
            id: reservation?.id,
            quantity: 2,
            status: 'reserved',
            reservation_id: `hold-${reservation?.id}`,
            attempts: 1,
            requested_at: '2026-03-01T12:00:00.000Z',
            settled_at: '2026-03-01T12:00:31.000Z',
            reason: null,
          },
        ],
        added_at: '2026-03-01T12:00:00.000Z',
        updated_at: '2026-03-01T12:00:31.000Z',
      },
    ])
  })
}

test('HEAD answers as GET does, without the body', async () => {
  await using service = await openHttpService()
  await service.ask('POST', '/v1/cart/ann/items', { body: lamp })
  const get = await service.ask('GET', '/v1/cart/ann')
  const head = await service.ask('HEAD', '/v1/cart/ann')
  assert.equal(head.status, 200)
  assert.equal(head.text, '')
  assert.equal(head.headers.etag, get.headers.etag)
  assert.equal(head.headers['content-type'], get.headers['content-type'])
  assert.equal(head.headers['content-length'], String(Buffer.byteLength(get.text)))
})

test('If-None-Match is answered with 304 only when it matches the current cart', async () => {
  await using service = await openHttpService()
  await service.ask('POST', '/v1/cart/ann/items', { body: lamp })
  const read304 = async (tag: string, user = 'ann') => {
    const headers = { 'if-none-match': tag }
    const answer = await service.ask('GET', `/v1/cart/${user}`, { headers })
    if (answer.status !== 304) return answer.status
    assert.equal(answer.text, '')
    assert.equal(answer.headers.etag, '"1.1"')
    return 304
  }
  assert.equal(await read304('"1.1"'), 304)
  assert.equal(await read304('W/"1.1"'), 304, 'the comparison is weak')
  assert.equal(await read304('"0.0", "1.1"'), 304)
  assert.equal(await read304('*'), 304)
  assert.equal(await read304('"1.0"'), 200, 'the whole tag counts')
  assert.equal(await read304('"1"'), 200)
  assert.equal(await read304('"other"'), 200)
  assert.equal(await read304('*', 'eve'), 200, 'a cart that was never written')
  assert.equal(await read304('"1.1"', 'eve'), 200)
})

test('If-None-Match is answered with 200 after a reservation settled, though the version is the same', async () => {
  await using service = await openHttpService()
  await service.ask('POST', '/v1/cart/ann/items', { body: lamp })
  await service.settle()
  const headers = { 'if-none-match': '"1.1"' }
  const answer = await service.ask('GET', '/v1/cart/ann', { headers })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.etag, '"1.2"')
})

test('a malformed If-None-Match is refused', async () => {
  await using service = await openHttpService()
  for (const tag of ['1.1', '"1.1', '"a" "b"', '"a",', ',"a"', '"a", *', "'1.1'", '']) {
    const headers = { 'if-none-match': tag }
    const answer = await service.ask('GET', '/v1/cart/ann', { headers })
    const { errors } = assertProblem(answer, 'invalid-request')
    assert.equal(errors?.[0]?.pointer, '/headers/if-none-match', tag)
  }
})

test('clearing a cart answers 204 and releases its holds', async () => {
  await using service = await openHttpService()
  await service.ask('POST', '/v1/cart/ann/items', { body: lamp })
  await service.settle()
  const answer = await service.ask('DELETE', '/v1/cart/ann')
  assert.deepEqual([answer.status, answer.text], [204, ''])
  assert.equal(answer.headers.etag, '"2.3"')
  assert.equal(answer.headers['content-type'], undefined)
  const cart = read('cart', await service.ask('GET', '/v1/cart/ann'))
  assert.deepEqual([cart.item_count, cart.version], [0, 2])
  assert.equal((await service.store.countJobs(service.clock.now())).due, 1, 'a release is due')
})

test('clearing an empty cart has no effect, and answers the same tag', async () => {
  await using service = await openHttpService()
  const before = await worldOf(service, 'ann')
  const answer = await service.ask('DELETE', '/v1/cart/ann')
  assert.deepEqual([answer.status, answer.headers.etag], [204, '"0.0"'])
  assert.equal(await worldOf(service, 'ann'), before)
})

test('user ids are compared once decoded, and differ by case and by dots', async () => {
  await using service = await openHttpService()
  await service.ask('POST', '/v1/cart/Ann.B/items', { body: lamp })
  for (const other of ['ann.b', 'Ann.b', 'Ann.B.', 'Ann_B']) {
    const cart = read('cart', await service.ask('GET', `/v1/cart/${other}`))
    assert.deepEqual([cart.user_id, cart.item_count], [other, 0])
  }
  const encoded = read('cart', await service.ask('GET', '/v1/cart/%41nn%2EB'))
  assert.deepEqual([encoded.user_id, encoded.item_count], ['Ann.B', 1])
})

test('ids of identity providers, e-mail addresses and UUIDs are user ids', async () => {
  await using service = await openHttpService()
  const ids = [
    'auth0|507f1f77bcf86cd799439011',
    'ann+cart@example.com',
    '0d1f9c1e-7c0c-4d0a-9e2e-6a1f8b6b6f52',
    "a!$&'()*+,;=:@[]~_-.|",
    'x'.repeat(128),
  ]
  for (const id of ids) {
    const answer = await service.ask('POST', `/v1/cart/${encodeURIComponent(id)}/items`, {
      body: lamp,
    })
    assert.equal(answer.status, 201, id)
    assert.equal(read('cart', answer).user_id, id)
    const location = answer.headers.location ?? ''
    assert.equal((await service.ask('GET', location)).status, 200, location)
  }
})
