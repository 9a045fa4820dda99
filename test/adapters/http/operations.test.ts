// Several operations in one request, and answers with the touched item only.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type HttpService,
  itemAt,
  openHttpService,
  type StoreKind,
  worldOf,
} from '../../support/http-service.ts'
import { assertProblem, read } from '../../support/http-shapes.ts'

const url = '/v1/cart/ann/operations'
const add = (product_id: string, quantity = 1) => ({ op: 'add', product_id, quantity })
const run = (service: HttpService, operations: readonly object[]) =>
  service.ask('POST', url, { body: { operations } })

for (const store of ['memory', 'sqlite'] as const satisfies readonly StoreKind[]) {
  test(`all operations of a request are carried out in order, in one revision (${store})`, async () => {
    await using service = await openHttpService({ store })
    const first = read('cart', await run(service, [add('a', 2), add('b'), add('a', 3)]))
    assert.deepEqual(
      first.items.map((item) => [item.product_id, item.quantity]),
      [
        ['a', 5],
        ['b', 1],
      ],
    )
    assert.deepEqual([first.version, first.revision], [1, 1])
    const [a, b] = first.items.map((item) => item.item_id)
    const operations = [
      { op: 'set', item_id: a, quantity: 1 },
      { op: 'remove', item_id: b },
      { ...add('c'), name: 'Sea', attributes: { deep: true } },
    ]
    const answer = await run(service, operations)
    assert.deepEqual([answer.status, answer.headers.etag], [200, '"2.2"'])
    assert.deepEqual(
      read('cart', answer).items.map((item) => [item.product_id, item.quantity, item.name]),
      [
        ['a', 1, null],
        ['c', 1, 'Sea'],
      ],
    )
    const cleared = read('cart', await run(service, [{ op: 'clear' }, add('d')]))
    assert.deepEqual([cleared.item_count, cleared.version], [1, 3])
  })
}

test('one refused operation undoes all of its request', async () => {
  await using service = await openHttpService()
  await run(service, [add('kept')])
  const before = await worldOf(service, 'ann')
  const missing = await run(service, [add('x'), { op: 'remove', item_id: 'nope' }])
  assertProblem(missing, 'item-not-found')
  const tooMany = await run(service, [{ op: 'clear' }, add('y', 9_999), add('y', 1)])
  assertProblem(tooMany, 'quantity-limit')
  assert.equal(await worldOf(service, 'ann'), before)
})

test('an operation does not find an item that an earlier one removed', async () => {
  await using service = await openHttpService()
  const { items } = read('cart', await run(service, [add('a')]))
  const item_id = itemAt(items, 0).item_id
  const twice = await run(service, [
    { op: 'remove', item_id },
    { op: 'set', item_id, quantity: 1 },
  ])
  assertProblem(twice, 'item-not-found')
})

test('operations without effect answer 200 and keep the tag', async () => {
  await using service = await openHttpService()
  const { items } = read('cart', await run(service, [add('a', 2)]))
  const same = { op: 'set', item_id: itemAt(items, 0).item_id, quantity: 2 }
  const answer = await run(service, [same])
  assert.deepEqual([answer.status, answer.headers.etag], [200, '"1.1"'])
})

test('a request may have 100 operations', async () => {
  await using service = await openHttpService()
  const operations = Array.from({ length: 100 }, (_, n) => add(`p${n}`))
  assert.equal(read('cart', await run(service, operations)).item_count, 100)
})

test('a fault in an operation is reported with a pointer to it', async () => {
  await using service = await openHttpService()
  const answer = await run(service, [add('a'), add('b', 0)])
  const { errors = [] } = assertProblem(answer, 'invalid-request')
  assert.ok(
    errors.some((e) => e.pointer === '/operations/1/quantity' && e.detail === 'must be >= 1'),
    JSON.stringify(errors),
  )
  const large = { ...add('c'), attributes: { text: 'x'.repeat(2_048) } }
  const refused = assertProblem(await run(service, [add('a'), large]), 'invalid-request')
  assert.equal(refused.errors?.[0]?.pointer, '/operations/1/attributes')
})

const minimal = { prefer: 'return=minimal' }

test('Prefer: return=minimal answers with the touched item only', async () => {
  await using service = await openHttpService()
  await run(service, [add('other')])
  const items = '/v1/cart/ann/items'
  const body = { product_id: 'lamp', quantity: 2 }
  const added = await service.ask('POST', items, { body, headers: minimal })
  assert.deepEqual([added.status, added.headers['preference-applied']], [201, 'return=minimal'])
  const { item, ...head } = read('minimal', added)
  assert.deepEqual(head, { user_id: 'ann', version: 2, revision: 2 })
  assert.deepEqual([item?.product_id, item?.quantity], ['lamp', 2])
  const location = added.headers.location ?? ''
  assert.equal(location, `${items}/${item?.item_id}`)

  const set = await service.ask('PATCH', location, { body: { quantity: 3 }, headers: minimal })
  assert.equal(read('minimal', set).item?.quantity, 3)
  const reserve = await service.ask('POST', `${location}/reserve`, { headers: minimal })
  assert.equal(read('minimal', reserve).item?.item_id, item?.item_id)
  const removed = await service.ask('DELETE', location, { headers: minimal })
  assert.deepEqual(read('minimal', removed), { user_id: 'ann', version: 4, revision: 4 })
  for (const answer of [set, reserve, removed]) {
    assert.equal(answer.headers['preference-applied'], 'return=minimal')
  }
})

test('a minimal answer does not grow with the cart', async () => {
  await using service = await openHttpService()
  const body = { product_id: 'p', quantity: 1 }
  const size = async () => {
    const answer = await service.ask('POST', '/v1/cart/ann/items', {
      body: { ...body, product_id: `new-${service.clock.now()}` },
      headers: minimal,
    })
    service.clock.tick(1)
    return answer.text.length
  }
  const small = await size()
  await run(
    service,
    Array.from({ length: 100 }, (_, n) => add(`p${n}`)),
  )
  assert.ok((await size()) <= small + 10)
})

test('the Prefer header is read by RFC 7240, and unknown preferences are ignored', async () => {
  await using service = await openHttpService()
  const isMinimal = async (prefer: string) => {
    const answer = await service.ask('POST', url, {
      body: { operations: [add('a')] },
      headers: { prefer },
    })
    assert.equal(answer.status, 200, prefer)
    return answer.headers['preference-applied'] === 'return=minimal'
  }
  const minimals = [
    'return=minimal',
    'Return = Minimal',
    'return="minimal"',
    'wait=1, return=minimal',
  ]
  for (const prefer of minimals) assert.equal(await isMinimal(prefer), true, prefer)
  for (const prefer of [
    'return=representation',
    'minimal',
    'return=minimalist',
    'xreturn=minimal',
    '',
  ]) {
    assert.equal(await isMinimal(prefer), false, prefer)
  }
})
