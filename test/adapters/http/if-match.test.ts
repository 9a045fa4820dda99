// If-Match: a request with it is refused when the cart has changed; one without it never is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpService, openHttpService, worldOf } from '../../support/http-service.ts'
import { assertProblem, read } from '../../support/http-shapes.ts'

const items = '/v1/cart/ann/items'
const lamp = { product_id: 'lamp', quantity: 1 }

const addIf = (service: HttpService, tag: string) =>
  service.ask('POST', items, { body: lamp, headers: { 'if-match': tag } })

test('a write with the current version in If-Match succeeds, with any revision after the dot', async () => {
  await using service = await openHttpService()
  assert.equal((await addIf(service, '"0.0"')).status, 201, 'a cart that was never written')
  await service.settle()
  assert.equal((await addIf(service, '"1.1"')).status, 201, 'a reservation settled meanwhile')
  assert.equal((await addIf(service, '"2"')).status, 201)
  assert.equal((await addIf(service, '"7.7", "3.9"')).status, 201, 'one of a list is enough')
  assert.equal((await addIf(service, '"x" ,  "4.0"')).status, 201)
  assert.equal((await addIf(service, '*')).status, 201)
})

test('a stale version in If-Match is 412 with the current cart, and changes nothing', async () => {
  await using service = await openHttpService()
  await service.ask('POST', items, { body: lamp })
  const added = await service.ask('POST', items, { body: lamp })
  const location = added.headers.location ?? ''
  const before = await worldOf(service, 'ann')
  const current = read('cart', await service.ask('GET', '/v1/cart/ann'))
  const headers = { 'if-match': '"1.1"' }
  const operations = { operations: [{ op: 'clear' }] }
  const writes = [
    ['POST', items, lamp],
    ['PATCH', location, { quantity: 5 }],
    ['DELETE', location, undefined],
    ['DELETE', '/v1/cart/ann', undefined],
    ['POST', `${location}/reserve`, undefined],
    ['POST', '/v1/cart/ann/operations', operations],
  ] as const
  for (const [method, url, body] of writes) {
    const answer = await service.ask(method, url, { body, headers })
    const problem = assertProblem(answer, 'version-stale')
    assert.equal(problem.status, 412)
    assert.deepEqual(problem.cart, current, `${method} ${url}`)
  }
  assert.equal(await worldOf(service, 'ann'), before)
})

test('weak tags in If-Match, and tags that the cart never had, are stale', async () => {
  await using service = await openHttpService()
  await service.ask('POST', items, { body: lamp })
  for (const tag of ['W/"1.1"', '"abc"', '""', '"1.1x"', '"01.1.1"', '"-1"', '"2.1", W/"1.1"']) {
    assertProblem(await addIf(service, tag), 'version-stale')
  }
})

test('If-Match: * is stale for a cart that was never written', async () => {
  await using service = await openHttpService()
  const problem = assertProblem(await addIf(service, '*'), 'version-stale')
  assert.equal(problem.cart?.version, 0)
})

test('a malformed If-Match is refused rather than ignored', async () => {
  await using service = await openHttpService()
  const tags = [
    '1.1',
    '"1.1',
    '1.1"',
    "'1.1'",
    '"1.1" "2.2"',
    '"1.1",',
    ', "1.1"',
    '"1.1", *',
    '**',
  ]
  for (const tag of [...tags, '', 'w/"1.1"', '"a b"', '"1.1";q=1']) {
    const { errors } = assertProblem(await addIf(service, tag), 'invalid-request')
    assert.equal(errors?.[0]?.pointer, '/headers/if-match', tag)
  }
  const long = Array.from({ length: 200 }, (_, n) => `"${n}.0"`).join(', ')
  assertProblem(await addIf(service, long), 'invalid-request')
  assert.equal((await service.ask('GET', '/v1/cart/ann')).headers.etag, '"0.0"')
})

test('of twenty concurrent writes with the same version exactly one succeeds', async () => {
  await using service = await openHttpService({ store: 'sqlite' })
  await service.ask('POST', items, { body: lamp })
  const answers = await Promise.all(Array.from({ length: 20 }, () => addIf(service, '"1.1"')))
  const statuses = answers.map((answer) => answer.status).toSorted()
  assert.deepEqual(statuses, [201, ...Array<number>(19).fill(412)])
  for (const answer of answers) {
    if (answer.status === 412) assert.equal(assertProblem(answer, 'version-stale').cart?.version, 2)
  }
})

test('without If-Match a hundred concurrent adds all succeed', async () => {
  await using service = await openHttpService({ store: 'sqlite' })
  const add = () => service.ask('POST', items, { body: lamp })
  const answers = await Promise.all(Array.from({ length: 100 }, add))
  assert.ok(answers.every((answer) => answer.status === 201))
  const versions = new Set(answers.map((answer) => read('cart', answer).version))
  assert.equal(versions.size, 100, 'each answer has a version of its own')
  const cart = read('cart', await service.ask('GET', '/v1/cart/ann'))
  assert.deepEqual([cart.total_quantity, cart.version], [100, 100])
  const [item] = cart.items
  assert.equal(item?.reservations.filter((r) => r.status === 'pending').length, 8)
  assert.deepEqual(
    item?.reservations.filter((r) => r.status === 'waiting').map((r) => r.quantity),
    [92],
  )
})
