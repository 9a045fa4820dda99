// A repeated request is one request: the same answer, and no further effect.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open.ts'
import { ada, bob } from '../support/store-changes.ts'
import { openFolder } from '../support/store-folders.ts'
import { type Fault, toFaulty } from '../support/store-wrappers.ts'
import { isRefused, onlyItem, openHandler, quantityOf } from './handler.ts'
import { overStores, times } from './over-stores.ts'
import { add, remove, set } from './requests.ts'

const key = 'k'

overStores('a repeated request', (open, carts) => {
  test('20 concurrent requests with one key have one effect, and identical answers', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1))
    const handled = await Promise.all(times(20, () => handler.ask(add(5), { key })))
    assert.equal(handled.filter(({ replayed }) => !replayed).length, 1)
    assert.equal(new Set(handled.map(({ response }) => JSON.stringify(response))).size, 1)
    const { cart } = await store.load(ada, [])
    assert.deepEqual([quantityOf(cart), cart.revision], [6, 2])
    assert.equal((await store.countJobs(Number.MAX_SAFE_INTEGER)).due, 2)
    assert.deepEqual(await handler.read(ada), cart)
  })

  test('concurrent requests with many keys, each used several times, have one effect for each key', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await Promise.all(times(60, (index) => handler.ask(add(1), { key: `key ${(index * 7) % 20}` })))
    const { cart } = await store.load(ada, [])
    assert.deepEqual([quantityOf(cart), cart.revision], [20, 20])
  })

  test('a repeat gets the first answer also when the cart has changed since', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    const { response } = await handler.ask(add(5), { key })
    await handler.ask(add(1, 'cup'))
    const again = await handler.ask(add(5), { key })
    assert.deepEqual(again, { response, replayed: true })
    assert.equal(quantityOf((await store.load(ada, [])).cart), 6)
  })
})

overStores('a repeat that would be decided otherwise now', (open, carts) => {
  test('a repeat that would be refused now gets the first answer', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(5))
    const { id } = onlyItem(await handler.read(ada))
    const first = await handler.ask(remove(id), { key })
    const again = await handler.ask(remove(id), { key })
    assert.deepEqual(again, { response: first.response, replayed: true })
  })

  test('a repeat whose If-Match is stale by its own effect gets the first answer', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(5))
    const first = await handler.ask(add(1), { key, ifMatch: [1] })
    const again = await handler.ask(add(1), { key, ifMatch: [1] })
    assert.deepEqual(again, { response: first.response, replayed: true })
    assert.equal(quantityOf((await store.load(ada, [])).cart), 6)
  })

  test('repeats among other commands get the first answer, the others take effect', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(5))
    const { id } = onlyItem(await handler.read(ada))
    const first = await handler.ask(set(id, 7), { key, ifMatch: [1] })
    const results = await Promise.all([
      handler.ask(add(1, 'cup')),
      handler.ask(set(id, 7), { key, ifMatch: [1] }),
      handler.ask(add(1, 'cup'), { key: 'other' }),
      handler.ask(set(id, 7), { key, ifMatch: [1] }),
    ])
    for (const index of [1, 3]) {
      assert.deepEqual(results[index], { response: first.response, replayed: true })
    }
    assert.equal(quantityOf((await store.load(ada, [])).cart), 9)
  })

  test('a repeat of a write without effect gets the first answer', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(5))
    const { id } = onlyItem(await handler.read(ada))
    const first = await handler.ask(set(id, 5), { key })
    assert.equal(first.replayed, false)
    await handler.ask(add(1))
    const again = await handler.ask(set(id, 5), { key })
    assert.deepEqual(again, { response: first.response, replayed: true })
    assert.equal(quantityOf((await store.load(ada, [])).cart), 6)
  })
})

overStores('a used key', (open, carts) => {
  test('another request with a used key is refused, without effect', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(5), { key })
    const { id } = onlyItem(await handler.read(ada))
    const others = [add(1), set(id, 5), set(id, 99_999), remove('gone' as typeof id)]
    for (const other of others) {
      const asked = handler.ask(other, { key, fingerprint: 'other' })
      await assert.rejects(asked, isRefused('idempotency-key-reused'))
    }
    assert.equal(quantityOf((await store.load(ada, [])).cart), 5)
  })

  test('of two different concurrent requests with one key, one is refused', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1))
    const results = await Promise.allSettled([
      handler.ask(add(2, 'cup')),
      handler.ask(add(2), { key, fingerprint: 'one' }),
      handler.ask(add(4), { key, fingerprint: 'other' }),
    ])
    const [, one, other] = results
    assert.equal(one?.status, 'fulfilled')
    assert.ok(other?.status === 'rejected')
    assert.ok(isRefused('idempotency-key-reused')(other.reason))
    assert.equal(quantityOf((await store.load(ada, [])).cart), 5)
  })

  test('a used key can be used by another caller, and for another cart', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1), { key })
    const others = [
      await handler.ask(add(2), { key, caller: 'bob', fingerprint: 'other' }),
      await handler.ask(add(4), { key, fingerprint: 'other' }, bob),
    ]
    for (const { replayed } of others) assert.equal(replayed, false)
    assert.equal(quantityOf((await store.load(ada, [])).cart), 3)
    assert.equal(quantityOf((await store.load(bob, [])).cart), 4)
  })

  test('a request that was refused does not use its key', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(9_999))
    const asked = { ...add(1), productId: 'tea' }
    await assert.rejects(handler.ask(asked, { key }), isRefused('quantity-limit'))
    await handler.ask(remove(onlyItem(await handler.read(ada)).id))
    assert.equal((await handler.ask(asked, { key })).replayed, false)
    assert.equal(quantityOf((await store.load(ada, [])).cart), 1)
  })

  test('a repeat after an answer that was lost has no further effect', async () => {
    await using store = await open()
    const faults: Fault[] = []
    const handler = openHandler(toFaulty(store, faults), carts)
    await handler.ask(add(1))
    faults.push('is lost', 'fails')
    for (let fault = 0; fault < 2; fault += 1) {
      await assert.rejects(
        handler.ask(add(5), { key: `k${fault}` }),
        isRefused('store-unavailable'),
      )
    }
    const again = await Promise.all(
      [0, 1].map((fault) => handler.ask(add(5), { key: `k${fault}` })),
    )
    assert.deepEqual(
      again.map(({ replayed }) => replayed),
      [true, false],
    )
    assert.equal(quantityOf((await store.load(ada, [])).cart), 11)
  })
})

test('a repeat after a restart of the service gets the first answer', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  const asked = { ...add(5), name: 'Tea 日本' }
  const first = await (async () => {
    await using store = await openSqliteStore(path)
    return await openHandler(store).ask(asked, { key })
  })()
  await using store = await openSqliteStore(path)
  const handler = openHandler(store)
  assert.deepEqual(await handler.ask(asked, { key }), { ...first, replayed: true })
  const reused = handler.ask(asked, { key, fingerprint: 'other' })
  await assert.rejects(reused, isRefused('idempotency-key-reused'))
  assert.equal(quantityOf(await handler.read(ada)), 5)
})
