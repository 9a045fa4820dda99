// Carts come back as they were written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyCart } from '../../../src/domain/cart/cart.ts'
import type { Item } from '../../../src/domain/cart/item.ts'
import type { CartId } from '../../../src/domain/ids.ts'
import {
  ada,
  bob,
  buildAnswer,
  buildChange,
  buildDeparting,
  buildFailed,
  buildItem,
  buildPending,
  buildReleasing,
  buildReserved,
  buildUnavailable,
  buildWaiting,
  mustCommit,
  noon,
  toHold,
  toItemId,
  toKey,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'
import { anyCart } from './any-cart.ts'

export const keepsCarts = (open: OpenStore): void => {
  loads(open)
  roundTrips(open)
  changesItems(open)
}

const loads = (open: OpenStore): void => {
  test('names itself, its durability and its ownership, and passes its check', async () => {
    await using store = await open()
    assert.notEqual(store.name, '')
    assert.ok(['durable', 'volatile'].includes(store.durability))
    assert.ok(['sole', 'shared'].includes(store.ownership))
    await store.check()
  })

  test('a cart that was never written is empty at revision 0, and loading it writes nothing', async () => {
    await using store = await open()
    const never = { cart: emptyCart(ada), answers: [] }
    assert.deepEqual(await store.load(ada, []), never)
    assert.deepEqual(await store.load(ada, [{ caller: 'eve', key: 'k' }]), never)
    await mustCommit(store, buildChange({}))
  })

  test('a write without effect to a cart that was never written leaves only its answer', async () => {
    await using store = await open()
    const answers = [buildAnswer('k')]
    await mustCommit(store, buildChange({ effect: 'none', answers }))
    assert.deepEqual(await store.load(ada, answers), { cart: emptyCart(ada), answers })
    await mustCommit(store, buildChange({ effect: 'none', answers: [buildAnswer('other')] }))
    await mustCommit(store, buildChange({}))
    assert.equal((await store.load(ada, [])).cart.revision, 1)
  })

  test('a write without effect leaves a cart as it is, and keeps its answer', async () => {
    await using store = await open()
    await mustCommit(store, buildChange({ put: [buildItem('tea')] }))
    const { cart } = await store.load(ada, [])
    const answers = [buildAnswer('k')]
    const { version, revision, createdAt, updatedAt } = cart
    const change = buildChange({ on: 1, effect: 'none', answers })
    await mustCommit(store, { ...change, cart: { version, revision, createdAt, updatedAt } })
    assert.deepEqual(await store.load(ada, answers), { cart, answers })
  })

  test('carts whose ids differ in case, a quote or a sign are different carts', async () => {
    await using store = await open()
    const ids = ['ada', 'Ada', "a'da", 'ada%', 'a_a', 'auth0|ada', 'ada:ada'] as CartId[]
    for (const cartId of ids) {
      await mustCommit(store, buildChange({ cartId, put: [buildItem(`item of ${cartId}`)] }))
    }
    for (const cartId of ids) {
      const { cart } = await store.load(cartId, [])
      assert.deepEqual(
        [cart.id, cart.items.map((item) => item.id)],
        [cartId, [`item of ${cartId}`]],
      )
    }
  })
}

const toUnits = (index: number) => ({
  quantity: 5 + index,
  wanted: index,
  requestedAt: noon + index,
})
const toSettled = (index: number) => ({
  ...toUnits(index),
  attempts: index,
  settledAt: noon + 10,
})
const soldOut = 'sold out — ausverkauft'

const fullItem: Item = buildItem('full', {
  productId: 'Gaming laptop 15" 日本 😀',
  name: "Ünï'cødé ´name` \\ 👩‍👩‍👧",
  attributes: {
    size: 'L',
    engraving: { text: '«Ada» \u2028', lines: [1, 2.5, -3, null, true] },
    ...{ type: 'a', at: 'b', attributesKey: 'c', reservations: [] },
    // A name that JSON allows and an object literal does not.
    nested: JSON.parse('{"__proto__":{"x":1},"constructor":2}'),
  },
  quantity: 9_999,
  reservations: [
    buildWaiting('r0', toUnits(0)),
    buildPending('r1', { ...toUnits(1), replaces: toKey('r2') }),
    buildReserved('r2', { ...toSettled(2), holdId: toHold('hold-1 ü') }),
    buildUnavailable('r3', { ...toSettled(3), reason: soldOut }),
    buildFailed('r4', { ...toSettled(4), reason: soldOut, outcomeUnknown: true }),
  ],
  older: { count: 40, reserved: 20, unavailable: 15, failed: 5 },
  addedAt: noon + 1,
  updatedAt: noon + 2,
})

const roundTrips = (open: OpenStore): void => {
  test('every field of a cart comes back as it was written', async () => {
    await using store = await open()
    const departing = [
      buildDeparting('d1', { itemId: toItemId('gone'), quantity: 7 }),
      buildReleasing('d2', { holdId: toHold('hold 2'), since: noon + 1 }),
    ]
    const items = [buildItem('plain'), fullItem]
    const counters = { version: 3, revision: 17, createdAt: noon - 9, updatedAt: noon + 9 }
    const change = buildChange({ put: items, departing: { put: departing } })
    await mustCommit(store, { ...change, cart: counters })
    const expected = { id: ada, ...counters, items, departing }
    assert.deepEqual((await store.load(ada, [])).cart, expected)
    assert.deepEqual((await store.load(bob, [])).cart, emptyCart(bob))
  })

  test('any cart comes back as it was written', async () => {
    await using store = await open()
    let carts = 0
    const property = fc.asyncProperty(anyCart('any' as CartId), async (written) => {
      carts += 1
      const id = `any ${carts}` as CartId
      const { version, revision, createdAt, updatedAt, items, departing } = written
      const change = buildChange({ cartId: id, put: items, departing: { put: departing } })
      await mustCommit(store, { ...change, cart: { version, revision, createdAt, updatedAt } })
      assert.deepEqual((await store.load(id, [])).cart, { ...written, id })
    })
    await fc.assert(property, { numRuns: 60 })
  })
}

const idsIn = async (open: Awaited<ReturnType<OpenStore>>) =>
  (await open.load(ada, [])).cart.items.map((item) => item.id)

const changesItems = (open: OpenStore): void => {
  test('items are in the order they were added, also when one changes or is removed', async () => {
    await using store = await open()
    const [c, a, b] = ['c', 'a', 'b'].map((name, index) =>
      buildItem(name, { addedAt: noon + index }),
    )
    assert.ok(a && b && c)
    await mustCommit(store, buildChange({ put: [c, a] }), buildChange({ on: 1, put: [b] }))
    assert.deepEqual(await idsIn(store), ['c', 'a', 'b'])
    const more = { ...c, quantity: 5, name: 'renamed', updatedAt: noon + 9 }
    await mustCommit(store, buildChange({ on: 2, put: [more] }))
    assert.deepEqual((await store.load(ada, [])).cart.items, [more, a, b])
    await mustCommit(store, buildChange({ on: 3, removed: [a] }))
    assert.deepEqual((await store.load(ada, [])).cart.items, [more, b])
  })

  test('an item that is put again is replaced as a whole', async () => {
    await using store = await open()
    await mustCommit(store, buildChange({ put: [fullItem] }))
    const changed: Item = {
      ...fullItem,
      name: null,
      quantity: 1,
      reservations: [],
      older: { count: 0, reserved: 0, unavailable: 0, failed: 0 },
      updatedAt: noon + 100,
    }
    await mustCommit(store, buildChange({ on: 1, put: [changed] }))
    assert.deepEqual((await store.load(ada, [])).cart.items, [changed])
  })

  test('an item removed and the same line added again in one change is the new item', async () => {
    await using store = await open()
    const line = { productId: 'tea', attributes: { size: 'L' } }
    const before = buildItem('before', { ...line, name: 'old', quantity: 9 })
    const after = buildItem('after', { ...line, addedAt: noon + 5, updatedAt: noon + 5 })
    await mustCommit(store, buildChange({ put: [before] }))
    await mustCommit(store, buildChange({ on: 1, put: [after], removed: [before] }))
    assert.deepEqual((await store.load(ada, [])).cart.items, [after])
  })

  test('removing an unknown item has no effect, and other carts keep their items', async () => {
    await using store = await open()
    const item = buildItem('tea')
    await mustCommit(store, buildChange({ put: [item] }), buildChange({ cartId: bob, put: [item] }))
    const gone = { removed: [item, buildItem('never')] }
    await mustCommit(store, buildChange({ on: 1, ...gone }))
    assert.deepEqual(await idsIn(store), [])
    assert.deepEqual((await store.load(bob, [])).cart.items, [item])
  })

  test('the same product with other attributes is another line', async () => {
    await using store = await open()
    const sizes = [{}, { size: 'L' }, { size: 'M' }, { size: ['M'] }]
    const put = sizes.map((attributes, index) =>
      buildItem(`i${index}`, { productId: 'tea', attributes, addedAt: noon + index }),
    )
    await mustCommit(store, buildChange({ put }))
    assert.deepEqual((await store.load(ada, [])).cart.items, put)
    assert.deepEqual(
      await idsIn(store),
      put.map(({ id }) => toItemId(id)),
    )
  })
}
