// Reference 000: its three routes, as its code answers them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHttpService, worldOf } from '../../../support/http-service.ts'
import { read } from '../../../support/http-shapes.ts'
import { ask, cartOf, faultsOf } from './asked.ts'

const added = { message: 'Item added to cart successfully' }
const post = 'POST /cart/abcde/L9ECAV7KIM'

test('reference 000: an added product is in the cart, also under /v1, and is reserved', async () => {
  await using service = await openHttpService()
  assert.deepEqual(await ask(service, `${post}?quantity=8`, 200), added)
  assert.deepEqual(await ask(service, 'GET /cart/abcde', 200), { L9ECAV7KIM: 8 })
  const cart = () => service.ask('GET', '/v1/cart/abcde')
  assert.equal(read('cart', await cart()).items[0]?.reservation.status, 'pending')
  assert.equal(await service.settle(), 1)
  assert.equal(read('cart', await cart()).items[0]?.reservation.status, 'reserved')
})

test('reference 000: units of a product add up, another product is separate', async () => {
  await using service = await openHttpService()
  await ask(service, `${post}?quantity=8`, 200)
  await ask(service, `${post}?quantity=8`, 200)
  await ask(service, 'POST /cart/abcde/Gaming%20laptop%2015%22?quantity=1', 200)
  const expected = { L9ECAV7KIM: 16, 'Gaming laptop 15"': 1 }
  assert.deepEqual(await ask(service, 'GET /cart/abcde', 200), expected)
})

test('reference 000: ten concurrent additions add up', async () => {
  await using service = await openHttpService({ store: 'sqlite' })
  const adds = Array.from({ length: 10 }, () => ask(service, `${post}?quantity=8`, 200))
  for (const answer of await Promise.all(adds)) assert.deepEqual(answer, added)
  assert.deepEqual(await ask(service, 'GET /cart/abcde', 200), { L9ECAV7KIM: 80 })
})

test('reference 000: reading or deleting a missing cart is 404, also once it is deleted', async () => {
  await using service = await openHttpService()
  const missing = { detail: 'Cart not found' }
  assert.deepEqual(await ask(service, 'GET /cart/eve', 404), missing)
  assert.deepEqual(await ask(service, 'DELETE /cart/eve', 404), missing)
  await ask(service, `${post}?quantity=8`, 200)
  const deleted = { message: 'Cart deleted successfully', msg: 'All cart items deleted' }
  assert.deepEqual(await ask(service, 'DELETE /cart/abcde', 200), deleted)
  assert.deepEqual(await ask(service, 'GET /cart/abcde', 404), missing)
  assert.deepEqual(await ask(service, 'DELETE /cart/abcde', 404), missing)
  await ask(service, `${post}?quantity=3`, 200)
  assert.deepEqual(await ask(service, 'GET /cart/abcde', 200), { L9ECAV7KIM: 3 })
})

test('reference 000: of five concurrent deletions one succeeds', async () => {
  await using service = await openHttpService()
  await ask(service, `${post}?quantity=8`, 200)
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => service.ask('DELETE', '/cart/abcde')),
  )
  const statuses = answers.map(({ status }) => status).toSorted()
  assert.deepEqual(statuses, [200, 404, 404, 404, 404])
})

test('reference 000: deleting a cart releases its holds', async () => {
  await using service = await openHttpService()
  await ask(service, `${post}?quantity=8`, 200)
  await service.settle()
  await ask(service, 'DELETE /cart/abcde', 200)
  const [job] = await service.store.claimJobs({
    workerId: 'w2',
    now: service.clock.now(),
    limit: 10,
  })
  assert.equal(job?.kind, 'release')
})

test('reference 000: an invalid quantity is refused and changes nothing', async () => {
  await using service = await openHttpService()
  await ask(service, `${post}?quantity=8`, 200)
  const before = await worldOf(service, 'abcde')
  const wrong: Readonly<Record<string, string>> = {
    '': 'missing',
    '?quantity=': 'int_parsing',
    '?quantity=eight': 'int_parsing',
    '?quantity=8.5': 'int_parsing',
    '?quantity=1e3': 'int_parsing',
    '?quantity=%2B8': 'int_parsing',
    '?quantity=0': 'greater_than_equal',
    '?quantity=-8': 'greater_than_equal',
    '?quantity=10000': 'less_than_equal',
    '?quantity=99999999999999999999': 'less_than_equal',
    '?quantity=9999': 'quantity_limit',
    '?quantity=1&quantity=2': 'int_type',
  }
  for (const [query, type] of Object.entries(wrong)) {
    const answer = await service.ask('POST', `/cart/abcde/L9ECAV7KIM${query}`)
    assert.deepEqual(faultsOf(answer), [`${type} query.quantity`], query)
  }
  assert.equal(await worldOf(service, 'abcde'), before)
})

test('reference 000: faults have the form and the messages of FastAPI, all in one answer', async () => {
  await using service = await openHttpService()
  const long = 'x'.repeat(129)
  const { detail } = await ask(service, `POST /cart/a%20b/${long}?quantity=x`, 422)
  assert.deepEqual((detail as unknown[]).slice(1), [
    {
      type: 'string_too_long',
      loc: ['path', 'product_id'],
      msg: 'String should have at most 128 characters',
      input: long,
      ctx: { max_length: 128 },
    },
    {
      type: 'int_parsing',
      loc: ['query', 'quantity'],
      msg: 'Input should be a valid integer, unable to parse string as an integer',
      input: 'x',
    },
  ])
  const bad = await service.ask('GET', '/cart/a%20b')
  assert.deepEqual(faultsOf(bad), ['string_pattern_mismatch path.user_id'])
  const huge = await service.ask('DELETE', `/cart/${'u'.repeat(5_000)}`)
  assert.deepEqual(faultsOf(huge), ['string_too_long path.user_id'])
  assert.ok(huge.text.length < 1_000, 'what was sent is not sent back at length')
})

test('reference 000: a product id may be a special name of JavaScript', async () => {
  await using service = await openHttpService()
  for (const name of ['__proto__', 'constructor', '7']) {
    await ask(service, `POST /cart/abcde/${name}?quantity=1`, 200)
  }
  const { text } = await service.ask('GET', '/cart/abcde')
  assert.equal(text, '{"7":1,"__proto__":1,"constructor":1}')
})

test('reference 000: items of one product with different attributes are summed', async () => {
  await using service = await openHttpService()
  for (const size of ['S', 'M']) {
    const body = { product_id: 'shirt', quantity: 2, attributes: { size } }
    await ask(service, 'POST /v1/cart/abcde/items', 201, { body })
  }
  await ask(service, 'POST /cart/abcde/shirt?quantity=1', 200)
  assert.deepEqual(await ask(service, 'GET /cart/abcde', 200), { shirt: 5 })
})

test('reference 000: the body of an addition is ignored', async () => {
  await using service = await openHttpService()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  await ask(service, `${post}?quantity=8`, 200, { raw: '', headers })
  await ask(service, `${post}?quantity=8`, 200, { raw: 'quantity=99', headers })
  assert.deepEqual(await cartOf(service, 'abcde'), { L9ECAV7KIM: 16 })
})

test('reference 000: a repeated Idempotency-Key is one addition, or one deletion', async () => {
  await using service = await openHttpService()
  const asked = { headers: { 'idempotency-key': 'k1' } }
  for (let times = 0; times < 3; times += 1) {
    assert.deepEqual(await ask(service, `${post}?quantity=8`, 200, asked), added)
  }
  assert.deepEqual(await cartOf(service, 'abcde'), { L9ECAV7KIM: 8 })
  const other = await service.ask('POST', '/cart/abcde/L9ECAV7KIM?quantity=9', asked)
  assert.deepEqual(faultsOf(other), ['idempotency_key_reused header.idempotency-key'])
  const gone = { headers: { 'idempotency-key': 'k2' } }
  const first = await service.ask('DELETE', '/cart/abcde', gone)
  const again = await service.ask('DELETE', '/cart/abcde', gone)
  assert.deepEqual([first.status, again.status, again.text], [200, 200, first.text])
  assert.equal(again.headers['idempotent-replayed'], 'true')
})
