// Concurrent commits: exactly one wins for one cart; those of different carts are independent.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CartId } from '../../../src/domain/ids.ts'
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

const names = Array.from({ length: 20 }, (_, index) => `w${index}`)

export const commitsRace = (open: OpenStore): void => {
  commitsOneOf(open)
  seesWholeCommits(open)
  commitsTogether(open)
}

const commitsOneOf = (open: OpenStore): void => {
  for (const on of [0, 1, 7]) {
    test(`exactly one of 20 concurrent commits at revision ${on} is committed`, async () => {
      await using store = await open()
      for (let revision = 0; revision < on; revision += 1) {
        const events = [buildEntry(revision + 1, 0)]
        await mustCommit(store, buildChange({ on: revision, events }))
      }
      const results = await Promise.all(
        names.map((name) => store.commit(buildFullChange(name, { on }))),
      )
      const winners = names.filter((_, index) => results[index] === 'committed')
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

  test('exactly one of 20 concurrent commits with only one part, or none, is committed', async () => {
    await using store = await open()
    for (const part of [...everyPart, 'none'] as const) {
      const cartId = `cart with ${part}` as CartId
      for (const on of [0, 1, 2]) {
        const called = names.map((name) => `${name} with ${part} on ${on}`)
        const changes = called.map((name) => buildPart(part, name, { cartId, on }))
        const results = await Promise.all(changes.map((change) => store.commit(change)))
        const committed = results.filter((result) => result === 'committed')
        assert.equal(committed.length, 1, `${part} on ${on}`)
        const found = await Promise.all(called.map((name) => partsIn(store, name, cartId)))
        assert.deepEqual(found.flat(), part === 'none' ? [] : [part])
      }
      assert.equal((await store.load(cartId, [])).cart.revision, 3)
    }
  })
}

const seesWholeCommits = (open: OpenStore): void => {
  test('a load sees every commit that was acknowledged before it', async () => {
    await using store = await open()
    for (let on = 0; on < 20; on += 1) {
      await mustCommit(store, buildFullChange(`w${on}`, { on }))
      assert.equal((await store.load(ada, [])).cart.revision, on + 1)
    }
  })

  test('a load at the same time as a commit sees all of it or nothing', async () => {
    await using store = await open()
    for (let on = 0; on < 20; on += 1) {
      const loads = Array.from({ length: 5 }, () => store.load(ada, []))
      const [, ...loaded] = await Promise.all([
        mustCommit(store, buildFullChange(`w${on}`, { on })),
        ...loads,
        ...Array.from({ length: 5 }, () => store.load(ada, [])),
      ])
      for (const { cart } of loaded) {
        const { revision, items, departing } = cart
        assert.deepEqual([items.length, departing.length], [revision, revision])
        assert.ok(revision === on || revision === on + 1)
      }
    }
    assert.equal((await store.load(ada, [])).cart.revision, 20)
  })
}

const commitsTogether = (open: OpenStore): void => {
  test('of many carts committed at once, one in conflict does not affect the others', async () => {
    await using store = await open()
    const outcomes = await commitAtOnce(store, (name, cartId) =>
      name === 'w7' ? buildFullChange(name, { cartId, on: 3 }) : buildFullChange(name, { cartId }),
    )
    for (const { name, result, parts } of outcomes) {
      assert.equal(result, name === 'w7' ? 'conflict' : 'committed', name)
      assert.deepEqual(parts, name === 'w7' ? [] : everyPart, name)
    }
  })

  test('of many carts committed at once, one that fails does not affect the others', async () => {
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

/** The full change of that name without its other parts. */
const buildPart = (
  part: (typeof everyPart)[number] | 'none',
  name: string,
  at: { readonly cartId: CartId; readonly on: number },
): Change => {
  const full = buildFullChange(name, at)
  const none = buildChange(at)
  switch (part) {
    case 'item':
      return { ...none, items: full.items }
    case 'older':
      return { ...none, older: full.older }
    case 'departing':
      return { ...none, departing: full.departing }
    case 'event':
      return { ...none, events: full.events }
    case 'job':
      return { ...none, jobs: full.jobs }
    case 'answer':
      return { ...none, answers: full.answers }
    case 'none':
      return none
    default:
      return part satisfies never
  }
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
    carts.map(async ({ name, cartId }, index) => ({
      name,
      result: results[index],
      parts: await partsIn(store, name, cartId),
    })),
  )
}
