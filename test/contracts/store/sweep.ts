// What is old enough is deleted, a bounded batch at a time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CartId } from '../../../src/domain/ids.ts'
import type { Store } from '../../../src/ports/store.ts'
import {
  ada,
  buildAnswer,
  buildChange,
  buildEntry,
  buildFullChange,
  everyPart,
  mustCommit,
  partsIn,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

const never = 0

/** Ten revisions of each cart at the times 1 to 10, an answer and a journal entry each. */
const fill = async (store: Store, carts: readonly CartId[] = [ada]): Promise<void> => {
  for (let on = 0; on < 10; on += 1) {
    const at = on + 1
    const events = [buildEntry(at, 0, { at })]
    const answers = [buildAnswer(`k${at}`, { at })]
    for (const cartId of carts) {
      await mustCommit(store, buildChange({ cartId, on, at, events, answers }))
    }
  }
}

const answersIn = async (store: Store, cartId: CartId = ada) => {
  const keys = Array.from({ length: 10 }, (_, index) => buildAnswer(`k${index + 1}`))
  return (await store.load(cartId, keys)).answers.map((answer) => answer.at).sort((a, b) => a - b)
}

const journalIn = async (store: Store, cartId: CartId = ada) =>
  (await store.readJournal(cartId, 0, 1_000)).map((entry) => entry.event.at)

export const sweeps = (open: OpenStore): void => {
  test('a sweep deletes answers from before its time, and no others', async () => {
    await using store = await open()
    await fill(store)
    const bounds = { answersBefore: 4, journalBefore: never, limit: 100 }
    assert.equal(await store.sweep(bounds), 3)
    assert.deepEqual(await answersIn(store), [4, 5, 6, 7, 8, 9, 10])
    assert.equal((await journalIn(store)).length, 10)
    assert.equal(await store.sweep(bounds), 0)
  })

  test('a sweep deletes journal entries from before its time, and no others', async () => {
    await using store = await open()
    await fill(store)
    const bounds = { answersBefore: never, journalBefore: 9, limit: 100 }
    assert.equal(await store.sweep(bounds), 8)
    assert.deepEqual(await journalIn(store), [9, 10])
    assert.equal((await answersIn(store)).length, 10)
    assert.equal(await store.sweep(bounds), 0)
  })

  test('a sweep deletes at most its limit of each kind, and the next ones the rest', async () => {
    await using store = await open()
    const carts = ['a', 'b', 'c'] as CartId[]
    await fill(store, carts)
    const bounds = { answersBefore: 8, journalBefore: 4, limit: 4 }
    const countIn = async (rowsIn: (store: Store, id: CartId) => Promise<readonly number[]>) =>
      (await Promise.all(carts.map((id) => rowsIn(store, id)))).flat().length
    let [answers, journal, swept] = [30, 30, 0]
    do {
      swept = await store.sweep(bounds)
      const left = [await countIn(answersIn), await countIn(journalIn)] as const
      assert.ok(answers - left[0] <= 4 && journal - left[1] <= 4, `${left} after ${swept}`)
      assert.equal(swept, answers - left[0] + journal - left[1])
      ;[answers, journal] = left
    } while (swept > 0)
    for (const cartId of carts) {
      assert.deepEqual(await answersIn(store, cartId), [8, 9, 10])
      assert.deepEqual(await journalIn(store, cartId), [4, 5, 6, 7, 8, 9, 10])
    }
  })

  test('a sweep leaves carts, their reservations and their jobs as they are', async () => {
    await using store = await open()
    await mustCommit(store, buildFullChange('a'))
    const { cart } = await store.load(ada, [])
    const far = Number.MAX_SAFE_INTEGER
    assert.equal(await store.sweep({ answersBefore: far, journalBefore: far, limit: 10 }), 2)
    const left = everyPart.filter((part) => part !== 'event' && part !== 'answer')
    assert.deepEqual(await partsIn(store, 'a'), left)
    assert.deepEqual((await store.load(ada, [])).cart, cart)
  })

  test('a key whose answer was swept can be used again, and the cart can be changed further', async () => {
    await using store = await open()
    await fill(store)
    await store.sweep({ answersBefore: 11, journalBefore: 11, limit: 100 })
    const answers = [buildAnswer('k1', { at: 20 })]
    const events = [buildEntry(11, 0, { at: 20 })]
    await mustCommit(store, buildChange({ on: 10, at: 20, answers, events }))
    assert.deepEqual(await answersIn(store), [20])
    assert.deepEqual(await journalIn(store), [20])
  })
}
