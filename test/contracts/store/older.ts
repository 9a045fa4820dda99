// Reservations that are stored apart from their item, and those that departed from theirs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ada,
  bob,
  buildChange,
  buildDeparting,
  buildItem,
  buildReserved,
  mustCommit,
  noon,
  toHold,
  toItemId,
  toKey,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

const tea = toItemId('tea')
const cup = toItemId('cup')

export const keepsApart = (open: OpenStore): void => {
  keepsOlder(open)
  keepsDeparting(open)
}

const settled = (name: string, requestedAt: number) =>
  buildReserved(name, {
    holdId: toHold(`hold ü ${name}`),
    attempts: 3,
    requestedAt,
    settledAt: requestedAt + 5,
    reason: 'holds more than wanted',
  })

const keepsOlder = (open: OpenStore): void => {
  test('an item has no older reservations when none were stored apart', async () => {
    await using store = await open()
    assert.deepEqual(await store.loadOlder(ada, tea), [])
  })

  test('older reservations come back as they were, in the order they were requested', async () => {
    await using store = await open()
    const rows = ['z', 'a', 'm', 'b'].map((name, index) => settled(name, noon + index))
    const put = rows.map((reservation) => ({ itemId: tea, reservation }))
    const [first, second, third, fourth] = put
    assert.ok(first && second && third && fourth)
    await mustCommit(store, buildChange({ older: { put: [fourth, second] } }))
    await mustCommit(store, buildChange({ on: 1, older: { put: [third, first] } }))
    assert.deepEqual(await store.loadOlder(ada, tea), rows)
  })

  test('older reservations belong to their item in their cart', async () => {
    await using store = await open()
    const put = (itemId: typeof tea, at: number) => ({
      put: [{ itemId, reservation: settled('same key', at) }],
    })
    await mustCommit(store, buildChange({ older: put(tea, 1) }))
    await mustCommit(store, buildChange({ on: 1, older: put(cup, 2) }))
    await mustCommit(store, buildChange({ cartId: bob, older: put(tea, 3) }))
    const removed = [{ itemId: cup, key: toKey('same key') }]
    await mustCommit(store, buildChange({ on: 2, older: { removed } }))
    assert.deepEqual(await store.loadOlder(ada, tea), [settled('same key', 1)])
    assert.deepEqual(await store.loadOlder(ada, cup), [])
    assert.deepEqual(await store.loadOlder(bob, tea), [settled('same key', 3)])
  })

  test('an older reservation that is put again replaces the first, and a removed one is deleted', async () => {
    await using store = await open()
    const rows = ['a', 'b', 'c'].map((name, index) => settled(name, noon + index))
    const [a, b, c] = rows
    assert.ok(a && b && c)
    const put = rows.map((reservation) => ({ itemId: tea, reservation }))
    await mustCommit(store, buildChange({ older: { put } }))
    const changed = { ...b, wanted: 0, holdId: toHold('another') }
    const older = {
      put: [{ itemId: tea, reservation: changed }],
      removed: [
        { itemId: tea, key: a.key },
        { itemId: tea, key: toKey('never') },
      ],
    }
    await mustCommit(store, buildChange({ on: 1, older }))
    assert.deepEqual(await store.loadOlder(ada, tea), [changed, c])
  })

  test('loading a cart does not load its older reservations', async () => {
    await using store = await open()
    const item = buildItem('tea', { older: { count: 1, reserved: 1, unavailable: 0, failed: 0 } })
    const put = [{ itemId: tea, reservation: settled('a', noon) }]
    await mustCommit(store, buildChange({ put: [item], older: { put } }))
    assert.deepEqual((await store.load(ada, [])).cart.items, [item])
  })
}

const keepsDeparting = (open: OpenStore): void => {
  const departingOf = async (store: Awaited<ReturnType<OpenStore>>, id = ada) =>
    (await store.load(id, [])).cart.departing

  test('departing reservations are in the order of since, not of their writing', async () => {
    await using store = await open()
    const [c, a, b] = ['c', 'a', 'b'].map((name, index) =>
      buildDeparting(name, { since: noon + index }),
    )
    assert.ok(a && b && c)
    await mustCommit(store, buildChange({ departing: { put: [b, c] } }))
    await mustCommit(store, buildChange({ on: 1, departing: { put: [a] } }))
    assert.deepEqual(await departingOf(store), [c, a, b])
  })

  test('a departing reservation that is put again replaces the first', async () => {
    await using store = await open()
    const cancelled = buildDeparting('a', { quantity: 4 })
    const releasing = { ...cancelled, state: 'releasing', holdId: toHold('h') } as const
    await mustCommit(store, buildChange({ departing: { put: [cancelled] } }))
    await mustCommit(store, buildChange({ on: 1, departing: { put: [releasing] } }))
    assert.deepEqual(await departingOf(store), [releasing])
  })

  test('a departing reservation that is removed is deleted, from its cart only', async () => {
    await using store = await open()
    const put = [buildDeparting('a'), buildDeparting('b')]
    await mustCommit(store, buildChange({ departing: { put } }))
    await mustCommit(store, buildChange({ cartId: bob, departing: { put } }))
    const removed = [toKey('a'), toKey('never')]
    await mustCommit(store, buildChange({ on: 1, departing: { removed } }))
    assert.deepEqual(await departingOf(store), [buildDeparting('b')])
    assert.deepEqual(await departingOf(store, bob), put)
  })
}
