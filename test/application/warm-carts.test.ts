import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepWarmCarts, type WarmCarts } from '../../src/application/carts/warm-carts.ts'
import { type Cart, emptyCart } from '../../src/domain/cart/cart.ts'
import type { CartId } from '../../src/domain/ids.ts'
import { buildDeparting, buildItem, buildPending } from '../support/store-changes.ts'

const toId = (name: string | number) => `cart ${name}` as CartId
const cartOf = (name: string | number, itemCount = 1): Cart => ({
  ...emptyCart(toId(name)),
  items: Array.from({ length: itemCount }, (_, index) => buildItem(`${index}`)),
})

/** A cart is cached from the second time on. */
const setTwice = (warm: WarmCarts, cart: Cart): void => {
  warm.set(cart)
  warm.set(cart)
}

/** How many of 300 carts like this one are cached in so many bytes. */
const fitting = (bytesMax: number, build: (name: number) => Cart): number => {
  const carts = Array.from({ length: 300 }, (_, name) => build(name))
  // Getting a cart keeps it longer, so each is looked up in a cache of its own.
  const isKept = ({ id }: Cart): boolean => {
    const warm = keepWarmCarts(bytesMax)
    for (const cart of carts) setTwice(warm, cart)
    return warm.get(id) !== undefined
  }
  return carts.filter(isKept).length
}

test('a cart is cached from the second time that it is set', () => {
  const warm = keepWarmCarts(1_000_000)
  const [first, second] = [cartOf('a'), cartOf('a')]
  warm.set(first)
  assert.equal(warm.get(toId('a')), undefined)
  warm.set(second)
  assert.equal(warm.get(toId('a')), second)
})

test('carts that are set once, however many, are not cached and evict none', () => {
  const warm = keepWarmCarts(50_000)
  setTwice(warm, cartOf('kept'))
  for (let name = 0; name < 1_000; name += 1) {
    warm.set(cartOf(name))
    assert.equal(warm.get(toId(name)), undefined)
  }
  assert.ok(warm.get(toId('kept')))
})

test('a cart that is set again after very many others counts as set for the first time', () => {
  const warm = keepWarmCarts(1_000_000)
  warm.set(cartOf('a'))
  for (let name = 0; name < 200_000; name += 1) warm.set(cartOf(name, 0))
  warm.set(cartOf('a'))
  assert.equal(warm.get(toId('a')), undefined)
})

test('a cached cart is the one that was last set', () => {
  const warm = keepWarmCarts(1_000_000)
  assert.equal(warm.get(toId('a')), undefined)
  const [first, second] = [cartOf('a'), cartOf('a')]
  setTwice(warm, first)
  assert.equal(warm.get(toId('a')), first)
  warm.set(second)
  assert.equal(warm.get(toId('a')), second)
  warm.delete(toId('a'))
  assert.equal(warm.get(toId('a')), undefined)
  warm.delete(toId('a'))
})

test('carts are cached up to the limit of bytes, and no more', () => {
  for (const bytesMax of [20_000, 50_000, 100_000, 200_000]) {
    const count = fitting(bytesMax, (name) => cartOf(name))
    // A cart of one item takes some thousand bytes; how many exactly is not promised.
    assert.ok(count >= bytesMax / 8_000 && count <= bytesMax / 1_000, `${count} in ${bytesMax}`)
  }
})

test('the size of a cart counts its items, their reservations and attributes, and departing ones', () => {
  const plain = fitting(300_000, (name) => cartOf(name))
  const text = 'x'.repeat(2_000)
  const larger: readonly ((name: number) => Cart)[] = [
    (name) => cartOf(name, 20),
    (name) => ({
      ...cartOf(name),
      items: [
        buildItem('1', { reservations: Array.from({ length: 28 }, () => buildPending('r')) }),
      ],
    }),
    (name) => ({ ...cartOf(name), items: [buildItem('1', { attributes: { text } })] }),
    (name) => ({
      ...cartOf(name),
      departing: Array.from({ length: 50 }, () => buildDeparting('d')),
    }),
  ]
  for (const [index, build] of larger.entries()) {
    const count = fitting(300_000, build)
    assert.ok(count < plain / 1.5, `${count} of kind ${index}, ${plain} plain ones`)
  }
})

test('a cart in use stays cached while others are set, an unused one is evicted', () => {
  const warm = keepWarmCarts(50_000)
  for (const name of ['read', 'written', 'forgotten']) setTwice(warm, cartOf(name))
  for (let name = 0; name < 1_000; name += 1) {
    setTwice(warm, cartOf(name))
    assert.ok(warm.get(toId(name)), `${name} is kept when it is new`)
    assert.ok(warm.get(toId('read')), `the read one is kept at ${name}`)
    warm.set(cartOf('written'))
  }
  assert.ok(warm.get(toId('written')))
  assert.equal(warm.get(toId('forgotten')), undefined)
  assert.equal(warm.get(toId(0)), undefined)
})

test('a cart that was deleted is not cached any more', () => {
  const warm = keepWarmCarts(50_000)
  for (let name = 0; name < 100; name += 1) {
    setTwice(warm, cartOf('a'))
    for (let other = 0; other < name % 20; other += 1) setTwice(warm, cartOf(other))
    warm.delete(toId('a'))
    assert.equal(warm.get(toId('a')), undefined)
  }
})

test('setting and deleting one cart many times evicts no other', () => {
  const warm = keepWarmCarts(50_000)
  setTwice(warm, cartOf('other'))
  for (let round = 0; round < 1_000; round += 1) {
    warm.set(cartOf('a', round % 5))
    if (round % 3 === 0) warm.delete(toId('a'))
  }
  assert.ok(warm.get(toId('other')))
  const names = [1, 2, 3, 4, 5]
  for (const name of names) setTwice(warm, cartOf(name))
  for (const name of names) assert.ok(warm.get(toId(name)), `${name} is kept`)
})

test('a cart that grew too large is not cached, nor its earlier version, and evicts no other', () => {
  const warm = keepWarmCarts(20_000)
  const small = cartOf('small')
  setTwice(warm, small)
  setTwice(warm, cartOf('growing'))
  warm.set(cartOf('growing', 500))
  assert.equal(warm.get(toId('growing')), undefined)
  assert.equal(warm.get(toId('small')), small)
})

test('a cache of 0 bytes keeps no cart', () => {
  const warm = keepWarmCarts(0)
  setTwice(warm, cartOf('a', 0))
  assert.equal(warm.get(toId('a')), undefined)
})
