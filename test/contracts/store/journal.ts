// The journal of a cart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalText } from '../../../src/domain/cart/canonical-json.ts'
import type { CartEvent } from '../../../src/domain/cart/events.ts'
import type { Leaving, Requested } from '../../../src/domain/reservation/reservation.ts'
import type { JournalEntry } from '../../../src/ports/store.ts'
import {
  ada,
  bob,
  buildChange,
  buildEntry,
  mustCommit,
  noon,
  toHold,
  toItemId,
  toKey,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

export const keepsJournal = (open: OpenStore): void => {
  test('the journal of a cart that was never written is empty', async () => {
    await using store = await open()
    assert.deepEqual(await store.readJournal(ada, 0, 100), [])
  })

  test('every event of the journal comes back as it was written', async () => {
    await using store = await open()
    const entries = everyEvent.map(
      (event, position): JournalEntry => ({
        revision: 1,
        position,
        version: 1,
        actor: 'Ünï |',
        event,
      }),
    )
    await mustCommit(store, buildChange({ events: entries }))
    assert.deepEqual(await store.readJournal(ada, 0, 100), entries)
  })

  test('journal entries are in order of revision and position, for each cart separately', async () => {
    await using store = await open()
    const entries: JournalEntry[] = []
    for (let on = 0; on < 12; on += 1) {
      // More than ten of both: 10 comes after 9, not after 1.
      const events = Array.from({ length: on === 5 ? 12 : 2 }, (_, index) =>
        buildEntry(on + 1, index),
      )
      entries.push(...events)
      await mustCommit(store, buildChange({ on, events }))
      await mustCommit(store, buildChange({ cartId: bob, on, events: [buildEntry(on + 1, 0)] }))
    }
    assert.deepEqual(await store.readJournal(ada, 0, 1_000), entries)
    assert.equal((await store.readJournal(bob, 0, 1_000)).length, 12)
  })

  test('a page of the journal starts above a revision and holds at most its limit', async () => {
    await using store = await open()
    for (let on = 0; on < 5; on += 1) {
      const events = [buildEntry(on + 1, 0), buildEntry(on + 1, 1)]
      await mustCommit(store, buildChange({ on, events }))
    }
    const positionsIn = async (after: number, limit: number) =>
      (await store.readJournal(ada, after, limit)).map((e) => `${e.revision}.${e.position}`)
    assert.deepEqual(await positionsIn(0, 3), ['1.0', '1.1', '2.0'])
    assert.deepEqual(await positionsIn(2, 3), ['3.0', '3.1', '4.0'])
    assert.deepEqual(await positionsIn(4, 100), ['5.0', '5.1'])
    assert.deepEqual(await positionsIn(5, 100), [])
    assert.deepEqual(await positionsIn(99, 100), [])
  })

  test('reading the journal page by page returns every entry once', async () => {
    await using store = await open()
    for (let on = 0; on < 7; on += 1) {
      await mustCommit(store, buildChange({ on, events: [buildEntry(on + 1, 0)] }))
    }
    const revisions: number[] = []
    for (let after = 0; ; after = revisions.at(-1) ?? 0) {
      const page = await store.readJournal(ada, after, 2)
      if (page.length === 0) break
      revisions.push(...page.map((entry) => entry.revision))
    }
    assert.deepEqual(revisions, [1, 2, 3, 4, 5, 6, 7])
  })
}

const itemId = toItemId('tea')
const key = toKey('r1')
const at = noon
const productId = 'Gaming laptop 15" 日本'
const letGo: readonly Leaving[] = [
  { key, itemId, quantity: 2, status: 'reserved', holdId: toHold('ü'), outcomeUnknown: false },
  { key, itemId, quantity: 3, status: 'failed', holdId: null, outcomeUnknown: true },
]
const requested: Requested = { key, quantity: 2, status: 'pending', replaces: toKey('r0') }
const waiting: Requested = { key, quantity: 2, status: 'waiting', replaces: null }
// Names that the shopper chose: none of them may be mistaken for a field of ours.
const names = { type: 'a', at: 'b', attributes: 'c', attributesKey: 'd', version: 'e' }
const attributes = { ...names, size: 'L', deep: { list: [1, null, 'ü'], attributesKey: 'f' } }

export const everyEvent: readonly CartEvent[] = [
  {
    type: 'item-added',
    at,
    itemId,
    productId,
    name: null,
    attributes,
    attributesKey: canonicalText(attributes),
    quantity: 2,
    requested,
  },
  {
    type: 'item-quantity-changed',
    at,
    itemId,
    productId,
    quantity: 3,
    lowered: [{ key, wanted: 1 }],
    letGo: [...letGo],
    requested: null,
  },
  { type: 'item-removed', at, itemId, productId, quantity: 3, letGo },
  { type: 'cart-cleared', at, letGo },
  { type: 'reservation-requested', at, itemId, productId, letGo: [], requested },
  { type: 'reservation-requested', at, itemId, productId, letGo, requested: waiting },
  { type: 'reservation-confirmed', at, itemId, key, holdId: toHold('h'), attempts: 4, letGo },
  { type: 'reservation-refused', at, itemId, key, reason: 'ausverkauft ü', attempts: 1 },
  {
    type: 'reservation-failed',
    at,
    itemId,
    key,
    reason: "it's over",
    attempts: 9,
    outcomeUnknown: true,
    superseded: false,
  },
  { type: 'reservation-requeued', at, itemId, key },
  { type: 'release-requested', at, itemId, key, quantity: 5, holdId: toHold('h') },
  { type: 'reservation-released', at, key },
  { type: 'reservation-withdrawn', at, key },
  { type: 'release-failed', at, key, jobId: 'r1.release', reason: 'no' },
  { type: 'release-requeued', at, key, jobId: 'r1.release' },
]
