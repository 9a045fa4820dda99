// Commits in conflict are decided again, failures of the store are reported; neither loses or doubles anything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ada, bob } from '../support/store-changes.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { type Fault, toCounted, toFaulty, unavailable } from '../support/store-wrappers.ts'
import { allRefused, isRefused, onlyItem, openHandler, quantityOf } from './handler.ts'
import { overStores, times } from './over-stores.ts'
import { add, remove } from './requests.ts'

overStores('a commit in conflict', (open, carts) => {
  test('a commit in conflict several times in a row is decided again until it succeeds, once', async () => {
    await using store = await open()
    const faults: Fault[] = []
    const handler = openHandler(toFaulty(store, faults), carts)
    await handler.ask(add(1))
    faults.push(...times(7, () => 'conflicts' as const))
    await Promise.all(times(10, () => handler.ask(add(2), {}, ada)))
    const { cart } = await store.load(ada, [])
    assert.deepEqual([quantityOf(cart), cart.revision], [21, 11])
    assert.equal(handler.facts.conflicts, 7)
    assert.deepEqual(await handler.read(ada), cart)
  })

  test('a commit in conflict is decided again on the current cart', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1))
    // Another process, of which this handler does not know.
    const other = openHandler(store)
    await other.ask(add(10))
    const { response } = await handler.ask(add(100))
    assert.match(response.text ?? '', /version 3$/)
    assert.equal(onlyItem((await store.load(ada, [])).cart).quantity, 111)
  })

  test('a commit that is always in conflict is given up, and nothing is written', async () => {
    await using store = await open()
    const { store: counted, counts } = toCounted(store)
    const always: Fault[] = times(1_000, () => 'conflicts')
    const handler = openHandler(toFaulty(counted, always), carts)
    await assert.rejects(handler.ask(add(1), { key: 'k' }), isRefused('cart-busy'))
    assert.equal(counts.commits, 0)
    assert.equal((await store.load(ada, [])).cart.revision, 0)
    always.length = 0
    await handler.ask(add(2), { key: 'k' })
    assert.equal(quantityOf((await store.load(ada, [])).cart), 2)
  })
})

overStores('a store that fails', (open, carts) => {
  test('a write that fails refuses the commands that share it, and the next command works', async () => {
    await using store = await open()
    const faults: Fault[] = []
    const handler = openHandler(toFaulty(store, faults), carts)
    await handler.ask(add(1))
    faults.push(...times(100, () => 'fails' as const))
    await allRefused(
      times(5, () => handler.ask(add(10))),
      'store-unavailable',
    )
    assert.ok(faults.length >= 98, 'they shared a write, or two')
    faults.length = 0
    await handler.ask(add(100))
    const { cart } = await store.load(ada, [])
    assert.deepEqual([quantityOf(cart), cart.revision], [101, 2])
    assert.deepEqual(await handler.read(ada), cart)
  })

  test('a write of one cart that fails does not affect another cart', async () => {
    await using store = await open()
    const broken = {
      ...store,
      commit: (change: Parameters<typeof store.commit>[0]) =>
        change.cartId === ada ? Promise.reject(unavailable()) : store.commit(change),
    }
    const handler = openHandler(broken, carts)
    const results = await Promise.allSettled([
      handler.ask(add(1)),
      handler.ask(add(2), {}, bob),
      handler.read(ada),
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled', 'fulfilled'],
    )
    assert.equal(quantityOf((await store.load(bob, [])).cart), 2)
  })

  test('a write whose answer is lost leaves no stale cart in the cache', async () => {
    await using store = await open()
    const faults: Fault[] = []
    const handler = openHandler(toFaulty(store, faults), carts)
    await handler.ask(add(1))
    faults.push('is lost')
    await assert.rejects(handler.ask(add(10)), isRefused('store-unavailable'))
    assert.equal(quantityOf(await handler.read(ada)), 11)
    await handler.ask(add(100))
    assert.equal(quantityOf(await handler.read(ada)), 111)
    assert.equal(handler.facts.conflicts, 0)
  })

  test('a load that fails refuses its commands and reads, and later ones work', async () => {
    await using store = await open()
    let isUnavailable = true
    const failing = {
      ...store,
      load: (...args: Parameters<typeof store.load>) =>
        isUnavailable ? Promise.reject(unavailable()) : store.load(...args),
    }
    const handler = openHandler(failing, carts)
    await allRefused(
      [handler.ask(add(1)), handler.read(ada), handler.ask(add(1))],
      'store-unavailable',
    )
    isUnavailable = false
    await handler.ask(add(2))
    assert.equal(quantityOf(await handler.read(ada)), 2)
  })
})

test('an unexpected error of a store is passed on as it is', async () => {
  await using store = await openFreshMemoryStore()
  const defect = new TypeError('a defect')
  const broken = { ...store, commit: () => Promise.reject(defect) }
  const handler = openHandler(broken)
  await assert.rejects(handler.ask(add(1)), defect)
  assert.equal(handler.busyCarts(), 0)
})

test('a refusal on a cart of a store that is not shared costs no write and no load', async () => {
  await using store = await openFreshMemoryStore()
  const { store: counted, counts } = toCounted(store)
  const handler = openHandler(counted)
  // From the second time on a cart is cached.
  await handler.ask(add(1))
  await handler.ask(add(1))
  const before = { ...counts }
  const gone = remove('gone' as ReturnType<typeof onlyItem>['id'])
  await assert.rejects(handler.ask(gone), isRefused('item-not-found'))
  await handler.read(ada)
  assert.deepEqual(counts, before)
})
