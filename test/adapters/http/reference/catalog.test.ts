// Reference 002: its own test, and what its code answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHttpService, worldOf } from '../../../support/http-service.ts'
import { ask, cartOf, faultsOf } from './asked.ts'

const body = { product_id: 'L9ECAV7KIM', quantity: 8 }
const query = '?product_id=L9ECAV7KIM&quantity=8'

test('reference 002: its own test posts twice and reads 16', async () => {
  await using service = await openHttpService()
  assert.equal((await service.ask('POST', '/cart/user123', { body })).status, 200)
  assert.equal((await service.ask('POST', '/cart/user123', { body })).status, 200)
  const answer = await service.ask('GET', '/cart/user123')
  assert.equal(answer.status, 200)
  assert.equal(answer.json().L9ECAV7KIM, 16)
})

test('reference 002: the query is read and a list is answered, as by its code', async () => {
  await using service = await openHttpService()
  const added = { msg: 'Item added to cart' }
  assert.deepEqual(await ask(service, `POST /cart/user123${query}`, 200), added)
  const items = [{ product_id: 'L9ECAV7KIM', quantity: 8 }]
  assert.deepEqual(await ask(service, 'GET /cart/user123?format=list', 200), items)
  const map = { L9ECAV7KIM: 8 }
  assert.deepEqual(await ask(service, 'GET /cart/user123?format=map', 200), map)
  const { msg } = await ask(service, 'DELETE /cart/user123', 200)
  assert.equal(msg, 'All cart items deleted')
  const missing = { detail: 'No cart items found for this user' }
  assert.deepEqual(await ask(service, 'GET /cart/user123?format=list', 404), missing)
  const odd = await service.ask('GET', '/cart/user123?format=xml')
  assert.deepEqual(faultsOf(odd), ['enum query.format'])
})

test('reference 002: the query takes precedence over the body, member by member', async () => {
  await using service = await openHttpService()
  await ask(service, 'POST /cart/user123?quantity=3', 200, { body })
  assert.deepEqual(await cartOf(service, 'user123'), { L9ECAV7KIM: 3 })
  await ask(service, `POST /cart/user123${query}`, 200, { body: [] })
  await ask(service, `POST /cart/user123${query}`, 200, {
    raw: 'x',
    headers: { 'content-type': 'text/plain' },
  })
  assert.deepEqual(await cartOf(service, 'user123'), { L9ECAV7KIM: 19 })
})

test('reference 002: digits are a number in the query and a text in JSON', async () => {
  await using service = await openHttpService()
  const text = { ...body, quantity: '8' }
  const answer = await service.ask('POST', '/cart/user123', { body: text })
  assert.deepEqual(faultsOf(answer), ['int_type body.quantity'])
  await ask(service, `POST /cart/user123${query}`, 200)
  assert.deepEqual(await cartOf(service, 'user123'), { L9ECAV7KIM: 8 })
})

test('reference 002: a missing member is reported where it was expected', async () => {
  await using service = await openHttpService()
  const before = await worldOf(service, 'user123')
  const wrong: readonly (readonly [string, unknown, readonly string[]])[] = [
    ['', undefined, ['missing query.product_id', 'missing query.quantity']],
    ['', {}, ['missing body.product_id', 'missing body.quantity']],
    ['?product_id=x', undefined, ['missing query.quantity']],
    ['?product_id=x', { product_id: 'y' }, ['missing body.quantity']],
    ['?product_id=&quantity=8', undefined, ['string_too_short query.product_id']],
    ['?product_id=x&quantity=0', undefined, ['greater_than_equal query.quantity']],
    ['?product_id=x&quantity=-8', undefined, ['greater_than_equal query.quantity']],
  ]
  for (const [search, sent, faults] of wrong) {
    const answer = await service.ask('POST', `/cart/user123${search}`, { body: sent })
    assert.deepEqual(faultsOf(answer), faults, search)
  }
  assert.equal(await worldOf(service, 'user123'), before)
})

test('reference 002: a repeated Idempotency-Key is one addition, by query and by body', async () => {
  await using service = await openHttpService()
  const headers = { 'idempotency-key': 'k1' }
  await ask(service, `POST /cart/user123${query}`, 200, { headers })
  await ask(service, `POST /cart/user123${query}`, 200, { headers })
  const byBody = { body, headers: { 'idempotency-key': 'k2' } }
  await ask(service, 'POST /cart/user123', 200, byBody)
  await ask(service, 'POST /cart/user123', 200, byBody)
  assert.deepEqual(await cartOf(service, 'user123'), { L9ECAV7KIM: 16 })
  const other = `/cart/user123${query.replace('8', '9')}`
  const reused = await service.ask('POST', other, { headers })
  assert.deepEqual(faultsOf(reused), ['idempotency_key_reused header.idempotency-key'])
})
