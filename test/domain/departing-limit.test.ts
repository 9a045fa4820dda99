import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../src/domain/limits.ts'
import { add, command, outcomeOf, remove, reserved, run, set } from './commands.ts'
import { added, type Fact, key, leaving, pending } from './facts.ts'
import { given, givenCart } from './given.ts'

const departed = (count: number): Fact => ({
  type: 'cart-cleared',
  letGo: Array.from({ length: count }, (_, n) => leaving(`d${n}`, 1, 'pending')),
})
const full = given(departed(limits.departingPerCart), added(5, pending('a', 5))).cart

test('a cart with 10,000 departing reservations refuses additions', () => {
  givenCart(full)
    .when(command(add(1)))
    .isRefused('departing-limit')
  givenCart(full)
    .when(run(add(1, 'cup')))
    .isRefused('departing-limit')
  given(departed(limits.departingPerCart - 1))
    .when(command(add(1)))
    .cart()
})

test('a cart with 10,000 departing reservations refuses to raise the quantity of an item', () => {
  givenCart(full)
    .when(command(set(6)))
    .isRefused('departing-limit')
})

test('a cart with 10,000 departing reservations can be lowered, and raised once one is settled', () => {
  for (const operation of [set(4), set(0), remove()]) {
    assert.equal(givenCart(full).when(command(operation)).cart().version, full.version + 1)
  }
  assert.equal(
    givenCart(full)
      .when(outcomeOf('a', reserved('a')))
      .events().length,
    1,
  )
  const { item } = given(
    departed(limits.departingPerCart),
    { type: 'reservation-withdrawn', key: key('d7') },
    added(5, pending('a', 5)),
  ).when(command(set(6)))
  assert.equal(item().quantity, 6)
})
