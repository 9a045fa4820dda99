// Answers kept for repeats: used once for a cart, a caller and a key.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnswerKey, Store } from '../../../src/ports/store.ts'
import {
  ada,
  bob,
  buildAnswer,
  buildChange,
  buildFullChange,
  mustCommit,
  noon,
  partsIn,
  toItemId,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

const inOrder = async (store: Store, keys: readonly AnswerKey[], cartId = ada) =>
  (await store.load(cartId, keys)).answers.toSorted((a, b) => (a.key < b.key ? -1 : 1))

export const keepsAnswers = (open: OpenStore): void => {
  findsAnswers(open)
  usesKeysOnce(open)
  tellsKeysApart(open)
}

const findsAnswers = (open: OpenStore): void => {
  test('an answer comes back as it was written', async () => {
    await using store = await open()
    const full = buildAnswer('a "key" ~!', {
      caller: 'auth0|ü',
      fingerprint: 'f\n1',
      version: 3,
      revision: 2 ** 53 - 1,
      itemId: toItemId('0mw "ü"'),
      form: 'minimal ü',
      text: '{"text":"日本 \\u0000 😀"}\n',
      at: noon + 3,
    })
    const empty = buildAnswer('empty', { itemId: null, form: null, text: null })
    await mustCommit(store, buildChange({ answers: [full, empty] }))
    assert.deepEqual(await inOrder(store, [full, empty]), [full, empty])
  })

  test('a load returns the answers of those given keys that were used, and no others', async () => {
    await using store = await open()
    const [a, b, c] = ['a', 'b', 'c'].map((key) => buildAnswer(key))
    assert.ok(a && b && c)
    await mustCommit(store, buildChange({ answers: [a, b] }), buildChange({ on: 1, answers: [c] }))
    assert.deepEqual(await inOrder(store, []), [])
    assert.deepEqual(await inOrder(store, [buildAnswer('never')]), [])
    assert.deepEqual(await inOrder(store, [c, buildAnswer('never'), a]), [a, c])
  })
}

const usesKeysOnce = (open: OpenStore): void => {
  test('a change with a used answer key is a conflict, and nothing is written', async () => {
    await using store = await open()
    const used = buildAnswer('used')
    await mustCommit(store, buildChange({ answers: [used] }))
    const before = await store.load(ada, [used])
    const again = buildAnswer('used', { text: 'another', fingerprint: 'another' })
    const change = buildFullChange('late', { on: 1 })
    const late = { ...change, answers: [...change.answers, again] }
    assert.equal(await store.commit(late), 'conflict')
    assert.deepEqual(await partsIn(store, 'late'), [])
    assert.deepEqual(await store.load(ada, [used]), before)
  })

  test('a change without effect and with a used answer key is a conflict', async () => {
    await using store = await open()
    const first = buildChange({ effect: 'none', answers: [buildAnswer('k')] })
    await mustCommit(store, first)
    const again = { ...first, answers: [buildAnswer('k', { text: 'another' })] }
    assert.equal(await store.commit(again), 'conflict')
    assert.deepEqual(await inOrder(store, first.answers), first.answers)
  })

  test('of 20 writes at once with one key and without effect, one is committed', async () => {
    await using store = await open()
    const attempts = Array.from({ length: 20 }, (_, index) =>
      store.commit(
        buildChange({ effect: 'none', answers: [buildAnswer('k', { text: `${index}` })] }),
      ),
    )
    const results = await Promise.all(attempts)
    assert.equal(results.filter((result) => result === 'committed').length, 1)
    const kept = await inOrder(store, [buildAnswer('k')])
    assert.deepEqual(kept, [buildAnswer('k', { text: `${results.indexOf('committed')}` })])
  })
}

const tellsKeysApart = (open: OpenStore): void => {
  test('the same answer key of another caller is another key', async () => {
    await using store = await open()
    const mine = buildAnswer('k', { caller: 'me' })
    const yours = buildAnswer('k', { caller: 'you', text: 'yours' })
    await mustCommit(store, buildChange({ answers: [mine] }))
    assert.deepEqual(await inOrder(store, [yours]), [])
    await mustCommit(store, buildChange({ on: 1, answers: [yours] }))
    assert.deepEqual(await inOrder(store, [mine]), [mine])
    assert.deepEqual(await inOrder(store, [yours]), [yours])
  })

  test('caller and key are compared separately, not as one joined text', async () => {
    await using store = await open()
    const one = buildAnswer('b:c', { caller: 'a' })
    const other = buildAnswer('c', { caller: 'a:b' })
    await mustCommit(
      store,
      buildChange({ answers: [one] }),
      buildChange({ on: 1, answers: [other] }),
    )
    assert.deepEqual(await inOrder(store, [one]), [one])
    assert.deepEqual(await inOrder(store, [other]), [other])
  })

  test('the same answer key on another cart is another key', async () => {
    await using store = await open()
    const answer = buildAnswer('k')
    await mustCommit(store, buildChange({ answers: [answer] }))
    assert.deepEqual(await inOrder(store, [answer], bob), [])
    const other = buildAnswer('k', { text: 'other' })
    await mustCommit(store, buildChange({ cartId: bob, answers: [other] }))
    assert.deepEqual(await inOrder(store, [answer]), [answer])
    assert.deepEqual(await inOrder(store, [answer], bob), [other])
  })
}
