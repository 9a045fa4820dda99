// A change is all or nothing: in conflict, and when it fails halfway.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CartError } from '../../../src/domain/errors.ts'
import type { Change, Store } from '../../../src/ports/store.ts'
import {
  ada,
  bob,
  buildAnswer,
  buildEntry,
  buildFullChange,
  buildItem,
  everyPart,
  mustCommit,
  partsIn,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

export const commits = (open: OpenStore): void => {
  test('a change is committed with all its parts', async () => {
    await using store = await open()
    assert.equal(await store.commit(buildFullChange('a')), 'committed')
    assert.deepEqual(await partsIn(store, 'a'), everyPart)
  })

  test('a change at any revision but the current one is a conflict, nothing of it is written', async () => {
    await using store = await open()
    await mustCommit(store, buildFullChange('a'), buildFullChange('b', { on: 1 }))
    const before = await store.load(ada, [])
    for (const on of [0, 1, 3, 4]) {
      assert.equal(await store.commit(buildFullChange('late', { on })), 'conflict', `on ${on}`)
      assert.deepEqual(await partsIn(store, 'late'), [])
    }
    assert.deepEqual(await store.load(ada, []), before)
    assert.equal((await store.countJobs(Number.MAX_SAFE_INTEGER)).due, 2)
  })

  test('a change at a revision above 0 of a cart that was never written is a conflict', async () => {
    await using store = await open()
    assert.equal(await store.commit(buildFullChange('a', { on: 1 })), 'conflict')
    assert.deepEqual(await partsIn(store, 'a'), [])
    assert.equal((await store.load(ada, [])).cart.revision, 0)
  })

  test('each cart has its own revision', async () => {
    await using store = await open()
    await mustCommit(store, buildFullChange('a'), buildFullChange('b', { on: 1 }))
    assert.equal(await store.commit(buildFullChange('c', { cartId: bob, on: 2 })), 'conflict')
    assert.equal(await store.commit(buildFullChange('c', { cartId: bob })), 'committed')
  })

  for (const [what, spoil] of spoilt) {
    test(`a change with ${what} is written wholly or not at all`, async () => {
      await using store = await open()
      await assertAllOrNothing(store, spoil(buildFullChange('new', { cartId: bob })), bob)
      await mustCommit(store, buildFullChange('first'))
      await assertAllOrNothing(store, spoil(buildFullChange('new', { on: 1 })), ada)
      assert.deepEqual(await partsIn(store, 'first'), everyPart)
    })
  }
}

type Spoil = (change: Change) => Change

// No correct caller sends these. A store may accept them or fail, possibly halfway.
const spoilt: readonly (readonly [string, Spoil])[] = [
  [
    'an item of no units among its items',
    (change) => {
      const put = [...change.items.put, buildItem('none', { quantity: 0 })]
      return { ...change, items: { ...change.items, put } }
    },
  ],
  [
    'two journal entries at one position',
    (change) => ({
      ...change,
      events: [...change.events, buildEntry(change.cart.revision, 0, { actor: 'new' })],
    }),
  ],
  [
    'one answer key twice',
    (change) => ({ ...change, answers: [...change.answers, buildAnswer('answer-new')] }),
  ],
]

const assertAllOrNothing = async (
  store: Store,
  change: Change,
  cartId: typeof ada,
): Promise<void> => {
  const before = await store.load(cartId, [])
  const result = await store.commit(change).catch((error: unknown) => error)
  if (result === 'committed') {
    assert.deepEqual(await partsIn(store, 'new', cartId), everyPart)
    return
  }
  assert.ok(result instanceof CartError && result.code === 'store-unavailable', String(result))
  assert.deepEqual(await partsIn(store, 'new', cartId), [])
  assert.deepEqual(await store.load(cartId, []), before)
  // And the store keeps working.
  const { revision } = before.cart
  await mustCommit(store, buildFullChange('next', { cartId, on: revision }))
  assert.deepEqual(await partsIn(store, 'next', cartId), everyPart)
}
