// Conflicts are decided again, failures of the store are told; neither loses or doubles anything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ada, bob } from '../support/store-changes.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { type Fault, toCounted, toFaulty, unavailable } from '../support/store-wrappers.ts'
import { allRefused, isRefused, onlyItem, openHandler, quantityOf } from './handler.ts'
import { overStores, times } from './over-stores.ts'
import { add, remove } from './requests.ts'

overStores('a commit in conflict', (open, carts) => {
  test('several times in a row is decided again until it is through, and counts once', async () => {
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

  test('is decided on the cart as it is then', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1))
    // Somebody else, past this handler's back.
    const other = openHandler(store)
    await other.ask(add(10))
    const { response } = await handler.ask(add(100))
    assert.match(response.text ?? '', /version 3$/)
    assert.equal(onlyItem((await store.load(ada, [])).cart).quantity, 111)
  })

  test('without end is given up, and nothing is written', async () => {
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
  test('fails those that share the write, and the next command works', async () => {
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

  test('fails one cart and not another', async () => {
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

  test('after writing what it does not tell leaves no stale cart behind', async () => {
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

  test('to load fails commands and reads, and those after it work', async () => {
    await using store = await open()
    let isAway = true
    const away = {
      ...store,
      load: (...args: Parameters<typeof store.load>) =>
        isAway ? Promise.reject(unavailable()) : store.load(...args),
    }
    const handler = openHandler(away, carts)
    await allRefused(
      [handler.ask(add(1)), handler.read(ada), handler.ask(add(1))],
      'store-unavailable',
    )
    isAway = false
    await handler.ask(add(2))
    assert.equal(quantityOf(await handler.read(ada)), 2)
  })
})

test('a defect of a store is told as it is', async () => {
  await using store = await openFreshMemoryStore()
  const defect = new TypeError('a defect')
  const broken = { ...store, commit: () => Promise.reject(defect) }
  const handler = openHandler(broken)
  await assert.rejects(handler.ask(add(1)), defect)
  assert.equal(handler.busyCarts(), 0)
})

test('a refusal on a cart that nobody else writes costs no write and no load', async () => {
  await using store = await openFreshMemoryStore()
  const { store: counted, counts } = toCounted(store)
  const handler = openHandler(counted)
  // From the second time on a cart is kept at hand.
  await handler.ask(add(1))
  await handler.ask(add(1))
  const before = { ...counts }
  const gone = remove('gone' as ReturnType<typeof onlyItem>['id'])
  await assert.rejects(handler.ask(gone), isRefused('item-not-found'))
  await handler.read(ada)
  assert.deepEqual(counts, before)
})
