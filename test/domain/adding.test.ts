import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalText } from '../../src/domain/cart/canonical-json.ts'
import type { ItemId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import { add, command, reserve } from './commands.ts'
import { added, cup, pending, refused, tea, waiting } from './facts.ts'
import { cartAfter, given, givenCart, itemIn, now, standing } from './given.ts'

test('the first units of a product create an item and a reservation of all of them', () => {
  given()
    .when(command(add(5)))
    .gives(added(5, pending('new-0002', 5), 'new' as ItemId, { productId: 'tea' }))
})

test('an addition creates a job that reserves its units', () => {
  const jobs = given(added(2, pending('a', 2)))
    .when(command(add(3)))
    .jobs()
  const job = { key: 'new', itemId: tea, productId: 'tea', quantity: 3 }
  assert.deepEqual(jobs, [{ type: 'put', job: { id: 'new', kind: 'reserve', ...job } }])
})

test('a second addition to an item raises its quantity and has its own reservation', () => {
  const item = given(added(2, pending('a', 2)))
    .when(command(add(3)))
    .item()
  assert.equal(item.quantity, 5)
  assert.deepEqual(standing(item), ['a pending 2/2', 'new pending 3/3'])
})

test('the same attributes in another order are the same line', () => {
  const [one, other] = [
    { size: 'L', note: { b: 1, a: [2] } },
    { note: { a: [2], b: 1 }, size: 'L' },
  ]
  const cart = given(added(2, null, tea, { attributes: one }))
    .when(command(add(1, 'tea', { attributes: other })))
    .cart()
  assert.equal(cart.items.length, 1)
  assert.equal(itemIn(cart).quantity, 3)
})

test('other attributes of the same product are another line', () => {
  const cart = given(added(2, null, tea, { attributes: { size: 'L' } }))
    .when(command(add(1, 'tea', { attributes: { size: 'M' } })))
    .cart()
  assert.deepEqual(
    cart.items.map((item) => [item.productId, item.attributes, item.quantity]),
    [
      ['tea', { size: 'L' }, 2],
      ['tea', { size: 'M' }, 1],
    ],
  )
})

test('another product with the same attributes is another line', () => {
  const cart = given(added(2, null))
    .when(command(add(1, 'cup')))
    .cart()
  assert.deepEqual(
    cart.items.map((item) => item.productId),
    ['tea', 'cup'],
  )
})

test('an addition without a name keeps the name, one with a name changes it', () => {
  const named = given(added(1, null, tea, { name: 'Green tea' }))
  assert.equal(named.when(command(add(1))).item().name, 'Green tea')
  assert.equal(named.when(command(add(1, 'tea', { name: 'Tea' }))).item().name, 'Tea')
})

test('the times of a line are those of its first and of its latest change', () => {
  const item = given(added(1, null))
    .when(command(add(1), { at: now }))
    .item()
  assert.deepEqual([item.addedAt, item.updatedAt], [1_000, now])
})

test('with reservations off, units are added and no reservation is requested', () => {
  const item = given(added(2, pending('a', 2)))
    .when(command(add(3), { reserving: false }))
    .item()
  assert.equal(item.quantity, 5)
  assert.deepEqual(standing(item), ['a pending 2/2'])
})

test('an item has at most 8 reservations under way; further units wait together', () => {
  const eight = Array.from({ length: 8 }, (_, n) => added(1, pending(`r${n}`, 1)))
  given(...eight)
    .when(command(add(2)))
    .gives(added(2, waiting('new', 2)))
  given(...eight, added(2, waiting('w', 2)))
    .when(command(add(3)))
    .gives(added(3, waiting('w', 3)))
  const item = given(...eight, added(2, waiting('w', 2)))
    .when(command(add(3)))
    .item()
  assert.equal(standing(item).at(-1), 'w waiting 5/5')
})

test('waiting units have no job', () => {
  const eight = Array.from({ length: 8 }, (_, n) => added(1, pending(`r${n}`, 1)))
  const jobs = given(...eight)
    .when(command(add(2)))
    .jobs()
  assert.deepEqual(jobs, [])
})

test('a settled reservation does not count among the 8 under way', () => {
  const eight = Array.from({ length: 8 }, (_, n) => added(1, pending(`r${n}`, 1)))
  given(...eight, refused('r0'))
    .when(command(add(2)))
    .gives(added(2, pending('new', 2)))
})

test('a cart holds 500 items: a 501st is refused, more units of the 500 are not', () => {
  const full = cartAfter(
    ...Array.from({ length: limits.itemsPerCart }, (_, n) => added(1, null, `i${n}` as ItemId)),
  )
  givenCart(full)
    .when(command(add(1, 'one-more')))
    .isRefused('items-limit')
  assert.equal(
    givenCart(full)
      .when(command(add(1, 'i7')))
      .cart().items.length,
    500,
  )
})

test('an item holds 9,999 units: the limit applies to the sum, not only to the addition', () => {
  const most = given(added(limits.quantityPerItem - 1, null))
  assert.equal(most.when(command(add(1))).item().quantity, 9_999)
  most.when(command(add(2))).isRefused('quantity-limit')
  given()
    .when(command(add(10_000)))
    .isRefused('quantity-limit')
})

test('the limit of units applies to each item separately', () => {
  given(added(9_999, null), added(9_998, null, cup))
    .when(command(add(1, 'cup')))
    .gives(added(1, pending('new', 1), cup))
})

test('a refused command leaves the cart as it was', () => {
  const { cart } = given(added(9_999, null))
  const before = JSON.stringify(cart)
  givenCart(cart)
    .when(command(add(1)))
    .isRefused('quantity-limit')
  assert.equal(JSON.stringify(cart), before)
  givenCart(cart).when(reserve(cup)).isRefused('item-not-found')
})

test('attributes have one canonical text: members sorted at every depth, no white space', () => {
  const text = canonicalText({ b: [{ d: 1, c: null }, 'x'], a: { Z: true, z: -0.5 }, é: '"' })
  assert.equal(text, '{"a":{"Z":true,"z":-0.5},"b":[{"c":null,"d":1},"x"],"é":"\\""}')
})

test('attributes that differ in type, nesting or order of a list have different canonical texts', () => {
  const texts = [
    { a: 1 },
    { a: '1' },
    { a: [1, 2] },
    { a: [2, 1] },
    { a: { b: 1 } },
    { a: null },
    {},
  ]
  assert.equal(new Set(texts.map(canonicalText)).size, texts.length)
})
