// An item with many settled reservations: the earliest are stored apart, and are loaded when they
// are needed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coverageOf, type Item } from '../../src/domain/cart/item.ts'
import { limits } from '../../src/domain/limits.ts'
import type { Job, Store } from '../../src/ports/store.ts'
import { toFlat } from '../support/flat-reservation.ts'
import { ada, noon } from '../support/store-changes.ts'
import { type Handler, onlyItem, openHandler, quantityOf } from './handler.ts'
import { overStores, times } from './over-stores.ts'
import { add, clear, remove, reserved, set, toRecord } from './requests.ts'

const claim = (store: Store): Promise<readonly Job[]> =>
  store.claimJobs({ workerId: 'w', now: 2 * noon, limit: 1_000 })

/** Adds one unit and has it reserved, or refused, so many times. */
const live = async (store: Store, handler: Handler, count: number): Promise<void> => {
  for (let round = 0; round < count; round += 1) {
    await handler.ask(add(1))
    for (const job of await claim(store)) {
      const refused = { kind: 'refused', reason: 'sold out' } as const
      await handler.ask(toRecord(job, round % 10 === 9 ? refused : reserved(`hold ${job.id}`)))
    }
  }
}

/** Every hold that was made for the cart, from its journal. */
const holdsIn = async (store: Store): Promise<readonly string[]> => {
  const entries = await store.readJournal(ada, 0, 10_000)
  return entries.flatMap(({ event }) =>
    event.type === 'reservation-confirmed' ? [event.holdId] : [],
  )
}

const assertWhole = async (store: Store, item: Item): Promise<void> => {
  const older = await store.loadOlder(ada, item.id)
  assert.equal(item.older.count, older.length)
  const settled = item.reservations.filter((r) => toFlat(r).settledAt !== null)
  assert.ok(settled.length <= limits.settledWithItem)
  const all = [...older, ...item.reservations]
  assert.equal(
    all.reduce((sum, r) => sum + r.wanted, 0),
    item.quantity,
  )
  assert.equal(new Set(all.map(({ key }) => key)).size, all.length)
}

overStores('an item with 60 settled reservations', (open, carts) => {
  test('keeps the latest with it and stores the others apart, and counts all of them', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await live(store, handler, 60)
    const item = onlyItem((await store.load(ada, [])).cart)
    await assertWhole(store, item)
    assert.equal(item.older.count, 40)
    assert.deepEqual(coverageOf(item), {
      reserved: 54,
      unavailable: 6,
      failed: 0,
      underWay: 0,
      uncovered: 0,
    })
  })

  for (const [what, asked] of [
    ['removed', (item: Item) => remove(item.id)],
    ['set to zero', (item: Item) => set(item.id, 0)],
    ['cleared with its cart', () => clear],
  ] as const) {
    test(`releases every hold when it is ${what}`, async () => {
      await using store = await open()
      const handler = openHandler(store, carts)
      await live(store, handler, 60)
      const item = onlyItem(await handler.read(ada))
      await handler.ask(asked(item))
      assert.deepEqual(await store.loadOlder(ada, item.id), [])
      const jobs = await claim(store)
      assert.deepEqual(new Set(jobs.map(({ kind }) => kind)), new Set(['release']))
      const held = jobs.map((job) => (job.kind === 'release' ? job.holdId : null))
      assert.deepEqual(held.sort(), [...(await holdsIn(store))].sort())
      assert.equal(jobs.length, 54)
      await Promise.all(jobs.map((job) => handler.ask(toRecord(job, { kind: 'released' }))))
      const { cart } = await store.load(ada, [])
      assert.deepEqual([cart.items, cart.departing], [[], []])
      assert.equal((await store.countJobs(2 * noon)).leased, 0)
    })
  }
})

overStores('an item with 60 settled reservations that changes further', (open, carts) => {
  test('releases the holds beyond a lower quantity, and no others', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await live(store, handler, 60)
    await handler.ask(set(onlyItem(await handler.read(ada)).id, 10))
    const item = onlyItem((await store.load(ada, [])).cart)
    await assertWhole(store, item)
    assert.equal(coverageOf(item).reserved, 10)
    assert.equal((await claim(store)).length, 44)
    await live(store, handler, 30)
    await assertWhole(store, onlyItem((await store.load(ada, [])).cart))
  })

  test('requests all refused units again, in one reservation', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await live(store, handler, 60)
    const { id } = onlyItem(await handler.read(ada))
    await handler.ask({ type: 'reserve-item', itemId: id })
    const jobs = await claim(store)
    assert.deepEqual(
      jobs.map(({ kind, quantity }) => [kind, quantity]),
      [['reserve', 6]],
    )
    for (const job of jobs) await handler.ask(toRecord(job, reserved('more')))
    const item = onlyItem((await store.load(ada, [])).cart)
    await assertWhole(store, item)
    assert.equal(coverageOf(item).reserved, 60)
  })

  test('ignores a repeated outcome of a reservation that is stored apart', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1))
    const [first] = await claim(store)
    assert.ok(first)
    await handler.ask(toRecord(first, reserved('the first')))
    await live(store, handler, 59)
    const before = (await store.load(ada, [])).cart
    await handler.ask(toRecord(first, reserved('the first')))
    assert.deepEqual((await store.load(ada, [])).cart, before)
    // Another hold for it belongs to no reservation, and is released.
    await handler.ask(toRecord(first, reserved('another')))
    const jobs = await claim(store)
    assert.deepEqual(
      jobs.map((job) => [job.kind, job.kind === 'release' && job.holdId]),
      [['release', 'another']],
    )
  })

  test('is removed and added again by many commands in one write as by single ones', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await live(store, handler, 60)
    const { id } = onlyItem(await handler.read(ada))
    await Promise.all([
      handler.ask(add(1)),
      handler.ask(set(id, 30)),
      handler.ask(add(2)),
      handler.ask(remove(id)),
      handler.ask(add(5)),
      ...times(20, () => handler.ask(add(1))),
    ])
    const { cart } = await store.load(ada, [])
    assert.equal(quantityOf(cart), 25)
    assert.notEqual(onlyItem(cart).id, id)
    assert.deepEqual(await store.loadOlder(ada, id), [])
    const released = (await claim(store)).filter(({ kind }) => kind === 'release')
    assert.equal(released.length, 54)
  })
})
