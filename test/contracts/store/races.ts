// Commits at the same time: of one cart exactly one wins, of many carts each for itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CartId } from '../../../src/domain/cart.ts'
import type { Change, Store } from '../../../src/ports/store.ts'
import {
  ada,
  buildChange,
  buildEntry,
  buildFullChange,
  buildItem,
  everyPart,
  mustCommit,
  partsIn,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

const names = Array.from({ length: 20 }, (_, place) => `w${place}`)

export const commitsRace = (open: OpenStore): void => {
  for (const on of [0, 1, 7]) {
    test(`exactly one of 20 commits at once at revision ${on} is committed`, async () => {
      await using store = await open()
      for (let revision = 0; revision < on; revision += 1) {
        const events = [buildEntry(revision + 1, 0)]
        await mustCommit(store, buildChange({ on: revision, events }))
      }
      const results = await Promise.all(
        names.map((name) => store.commit(buildFullChange(name, { on }))),
      )
      const winners = names.filter((_, place) => results[place] === 'committed')
      assert.equal(winners.length, 1)
      assert.equal(results.filter((result) => result === 'conflict').length, 19)
      for (const name of names) {
        assert.deepEqual(await partsIn(store, name), winners.includes(name) ? everyPart : [])
      }
      const { cart } = await store.load(ada, [])
      assert.deepEqual([cart.revision, cart.items.length, cart.departing.length], [on + 1, 1, 1])
      assert.equal((await store.readJournal(ada, 0, 1_000)).length, on + 1)
      assert.equal((await store.countJobs(Number.MAX_SAFE_INTEGER)).due, 1)
    })
  }

  test('a load sees a commit that was answered before it was asked', async () => {
    await using store = await open()
    for (let on = 0; on < 20; on += 1) {
      await mustCommit(store, buildFullChange(`w${on}`, { on }))
      assert.equal((await store.load(ada, [])).cart.revision, on + 1)
    }
  })

  test('a load at the same time as a commit sees all of it or nothing', async () => {
    await using store = await open()
    const seen = await Promise.all(
      Array.from({ length: 20 }, async (_, on) => {
        const [, loaded] = await Promise.all([
          store.commit(buildFullChange(`w${on}`, { on })),
          store.load(ada, []),
        ])
        return loaded.cart
      }),
    )
    for (const { revision, items, departing } of seen) {
      assert.deepEqual([items.length, departing.length], [revision, revision])
    }
    assert.equal((await store.load(ada, [])).cart.revision, 20)
  })

  test('of many carts committed at once, one in conflict does not spoil the others', async () => {
    await using store = await open()
    const outcomes = await commitAtOnce(store, (name, cartId) =>
      name === 'w7' ? buildFullChange(name, { cartId, on: 3 }) : buildFullChange(name, { cartId }),
    )
    for (const { name, result, parts } of outcomes) {
      assert.equal(result, name === 'w7' ? 'conflict' : 'committed', name)
      assert.deepEqual(parts, name === 'w7' ? [] : everyPart, name)
    }
  })

  test('of many carts committed at once, one that fails does not spoil the others', async () => {
    await using store = await open()
    const outcomes = await commitAtOnce(store, (name, cartId) => {
      const change = buildFullChange(name, { cartId })
      if (name !== 'w7') return change
      const put = [...change.items.put, buildItem('none', { quantity: 0 })]
      return { ...change, items: { ...change.items, put } }
    })
    for (const { name, result, parts } of outcomes) {
      if (name === 'w7') assert.deepEqual(parts, result === 'committed' ? everyPart : [])
      else assert.deepEqual([result, parts], ['committed', everyPart], name)
    }
  })
}

/** One commit for each of 20 carts, and what the store has of it then. */
const commitAtOnce = async (store: Store, build: (name: string, cartId: CartId) => Change) => {
  const carts = names.map((name) => ({ name, cartId: `cart-${name}` as CartId }))
  const results = await Promise.all(
    carts.map(({ name, cartId }) =>
      store.commit(build(name, cartId)).catch((error: Error) => error.message),
    ),
  )
  return Promise.all(
    carts.map(async ({ name, cartId }, place) => ({
      name,
      result: results[place],
      parts: await partsIn(store, name, cartId),
    })),
  )
}
