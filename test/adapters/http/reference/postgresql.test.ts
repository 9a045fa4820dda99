// Reference 001: its three routes, as its code answers them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHttpService, worldOf } from '../../../support/http-service.ts'
import { ask, cartOf, faultsOf } from './asked.ts'

const url = '/cart/users/abcde'
const body = { product_id: 'L9ECAV7KIM', quantity: 8 }

test('reference 001: an addition is answered with the sum', async () => {
  await using service = await openHttpService()
  const row = { user_id: 'abcde', product_id: 'L9ECAV7KIM' }
  assert.deepEqual(await ask(service, `POST ${url}`, 200, { body }), { ...row, quantity: 8 })
  assert.deepEqual(await ask(service, `POST ${url}`, 200, { body }), { ...row, quantity: 16 })
  assert.deepEqual(await cartOf(service, 'abcde'), { L9ECAV7KIM: 16 })
})

test('reference 001: the cart is a list, of the same cart as on other routes', async () => {
  await using service = await openHttpService()
  await ask(service, `POST ${url}`, 200, { body })
  await ask(service, 'POST /cart/abcde/OLJCESPC7Z?quantity=1', 200)
  assert.deepEqual(await ask(service, `GET ${url}`, 200), [
    { product_id: 'L9ECAV7KIM', quantity: 8 },
    { product_id: 'OLJCESPC7Z', quantity: 1 },
  ])
  assert.deepEqual(await ask(service, 'GET /cart/abcde', 200), { L9ECAV7KIM: 8, OLJCESPC7Z: 1 })
})

test('reference 001: reading or deleting a cart without items is 404', async () => {
  await using service = await openHttpService()
  const missing = { detail: 'No cart items found for this user' }
  assert.deepEqual(await ask(service, `GET ${url}`, 404), missing)
  assert.deepEqual(await ask(service, `DELETE ${url}`, 404), missing)
  await ask(service, `POST ${url}`, 200, { body })
  assert.deepEqual(await ask(service, `DELETE ${url}`, 200), { msg: 'All cart items deleted' })
  assert.deepEqual(await ask(service, `GET ${url}`, 404), missing)
})

test('reference 001: ten concurrent additions are answered with ten sums', async () => {
  await using service = await openHttpService()
  const adds = Array.from({ length: 10 }, () =>
    ask<{ quantity: number }>(service, `POST ${url}`, 200, { body }),
  )
  const sums = (await Promise.all(adds)).map(({ quantity }) => quantity)
  assert.deepEqual(
    sums.toSorted((a, b) => a - b),
    Array.from({ length: 10 }, (_, n) => 8 * (n + 1)),
  )
})

test('reference 001: an invalid body is refused and changes nothing', async () => {
  await using service = await openHttpService()
  await ask(service, `POST ${url}`, 200, { body })
  const before = await worldOf(service, 'abcde')
  const wrong: readonly (readonly [unknown, readonly string[]])[] = [
    [undefined, ['missing body']],
    [null, ['missing body']],
    [[body], ['model_attributes_type body']],
    ['text', ['model_attributes_type body']],
    [{}, ['missing body.product_id', 'missing body.quantity']],
    [{ ...body, quantity: 0 }, ['greater_than_equal body.quantity']],
    [{ ...body, quantity: -1 }, ['greater_than_equal body.quantity']],
    [{ ...body, quantity: 10_000 }, ['less_than_equal body.quantity']],
    [{ ...body, quantity: 9_999 }, ['quantity_limit body.quantity']],
    [{ ...body, quantity: 1.5 }, ['int_from_float body.quantity']],
    [{ ...body, quantity: '8' }, ['int_type body.quantity']],
    [{ ...body, quantity: true }, ['int_type body.quantity']],
    [{ ...body, quantity: null }, ['int_type body.quantity']],
    [{ ...body, product_id: 7 }, ['string_type body.product_id']],
    [{ ...body, product_id: '' }, ['string_too_short body.product_id']],
    [{ ...body, product_id: 'x'.repeat(129) }, ['string_too_long body.product_id']],
    [{ ...body, product_id: ' x' }, ['string_pattern_mismatch body.product_id']],
    [{ ...body, product_id: 'a\0' }, ['json_invalid body.product_id']],
  ]
  for (const [sent, faults] of wrong) {
    const answer = await service.ask('POST', url, { body: sent })
    assert.deepEqual(faultsOf(answer), faults, JSON.stringify(sent))
  }
  const broken = await service.ask('POST', url, { raw: '{"product_id":' })
  assert.deepEqual(faultsOf(broken), ['json_invalid body'])
  assert.equal(await worldOf(service, 'abcde'), before)
})

test('reference 001: lengths are counted in characters, and unknown members are skipped', async () => {
  await using service = await openHttpService()
  const product_id = '💻'.repeat(128)
  await ask(service, `POST ${url}`, 200, { body: { product_id, quantity: 1, note: 'x' } })
  assert.deepEqual(await cartOf(service, 'abcde'), { [product_id]: 1 })
})

test('reference 001: a body that is not JSON is 415', async () => {
  await using service = await openHttpService()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const asked = { raw: 'product_id=x&quantity=8', headers }
  const { detail } = await ask(service, `POST ${url}`, 415, asked)
  assert.equal(typeof detail, 'string')
})

test('reference 001: a user named "users" has a cart like any other', async () => {
  await using service = await openHttpService()
  await ask(service, 'POST /cart/users', 200, { body })
  const added = await ask(service, 'POST /cart/users/L9ECAV7KIM?quantity=8', 200)
  assert.deepEqual(added, { message: 'Item added to cart successfully' })
  assert.deepEqual(await ask(service, 'GET /cart/users', 200), { L9ECAV7KIM: 16 })
  const items = [{ product_id: 'L9ECAV7KIM', quantity: 16 }]
  assert.deepEqual(await ask(service, 'GET /cart/users/users', 200), items)
  await ask(service, 'GET /cart/users/L9ECAV7KIM', 404)
  await ask(service, 'DELETE /cart/users', 200)
  assert.deepEqual(await cartOf(service, 'users'), {})
  const wrong = await service.ask('POST', '/cart/users/L9ECAV7KIM?quantity=0')
  assert.deepEqual(faultsOf(wrong), ['greater_than_equal query.quantity'])
})

test('reference 001: with a body, the path names a user, and the query is ignored', async () => {
  await using service = await openHttpService()
  await ask(service, `POST ${url}?quantity=3`, 200, { body })
  assert.deepEqual(await cartOf(service, 'abcde'), { L9ECAV7KIM: 8 })
  assert.deepEqual(await cartOf(service, 'users'), {})
})

test('reference 001: a repeated Idempotency-Key is one addition', async () => {
  await using service = await openHttpService()
  const asked = { body, headers: { 'idempotency-key': 'k1' } }
  const first = await ask(service, `POST ${url}`, 200, asked)
  assert.deepEqual(await ask(service, `POST ${url}`, 200, asked), first)
  assert.deepEqual(await cartOf(service, 'abcde'), { L9ECAV7KIM: 8 })
})
