// Commands that come at the same time share writes, and each has its own answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CartId } from '../../src/domain/ids.ts'
import { ada } from '../support/store-changes.ts'
import { toCounted, toSlow } from '../support/store-wrappers.ts'
import { onlyItem, openHandler, quantityOf } from './handler.ts'
import { overStores, times } from './over-stores.ts'
import { add, clear, remove, set, toRequest } from './requests.ts'

overStores('commands at the same time', (open, carts) => {
  test('200 concurrent adds to one cart all take effect, in fewer than 20 writes', async () => {
    await using store = await open()
    const { store: counted, counts } = toCounted(store)
    const handler = openHandler(counted, carts)
    const handled = await Promise.all(times(200, () => handler.ask(add())))
    assert.ok(counts.commits < 20, `${counts.commits} writes`)
    const item = onlyItem((await store.load(ada, [])).cart)
    assert.equal(item.quantity, 200)
    assert.equal(
      item.reservations.reduce((sum, r) => sum + r.wanted, 0),
      200,
    )
    // Each had its own step: all answers differ, and none of the versions is left out.
    const versions = handled.map(({ response }) =>
      Number(/version (\d+)/.exec(response.text ?? '')?.[1]),
    )
    assert.deepEqual(
      versions,
      times(200, (index) => index + 1),
    )
    assert.deepEqual(await handler.read(ada), (await store.load(ada, [])).cart)
    assert.equal(handler.facts.conflicts, 0)
  })

  test('20 concurrent adds to each of 20 carts all take effect', async () => {
    await using store = await open()
    const handler = openHandler(toSlow(store), carts)
    const ids = times(20, (index) => `cart ${index}` as CartId)
    await Promise.all(
      times(20, (round) => ids.map((id) => handler.ask(add(1, `p${round % 3}`), {}, id))).flat(),
    )
    for (const id of ids) {
      const { cart } = await store.load(id, [])
      assert.deepEqual([cart.revision, cart.items.length, quantityOf(cart)], [20, 3, 20])
    }
  })

  test('every command is in the journal, in order, with its events', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await Promise.all([
      handler.ask({ type: 'run-operations', operations: [add(1), add(2, 'cup')] }),
      handler.ask(add(3)),
      handler.ask({ type: 'run-operations', operations: [clear, add(4)] }),
    ])
    const entries = await store.readJournal(ada, 0, 100)
    assert.deepEqual(
      entries.map((e) => `${e.revision}.${e.position} ${e.event.type} by ${e.actor}`),
      [
        '1.0 item-added by ada',
        '1.1 item-added by ada',
        '2.0 item-added by ada',
        '3.0 cart-cleared by ada',
        '3.1 item-added by ada',
      ],
    )
  })

  test('a concurrent read sees whole commands only, and all that were answered before it', async () => {
    await using store = await open()
    const handler = openHandler(toSlow(store), carts)
    const work = times(30, async (index) => {
      const { response } = await handler.ask({
        type: 'run-operations',
        operations: [add(), add(1, 'cup')],
      })
      const cart = await handler.read(ada)
      assert.equal(quantityOf(cart), 2 * cart.version)
      const own = Number(/version (\d+)/.exec(response.text ?? '')?.[1])
      assert.ok(cart.version >= own, `${index}: ${cart.version} of ${own}`)
    })
    await Promise.all(work)
  })
})

overStores('a command that fails among others', (open, carts) => {
  test('a refused command does not affect the others in its write', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add())
    const { id } = onlyItem(await handler.read(ada))
    const asked = [add(2), set(id, 99_999), remove('gone' as typeof id), add(3), add(9_999)]
    const results = await Promise.allSettled(asked.map((one) => handler.ask(one)))
    const outcomes = results.map((r) =>
      r.status === 'fulfilled' ? 'done' : (r.reason as { code: string }).code,
    )
    const refusals = ['quantity-limit', 'item-not-found', 'done', 'quantity-limit']
    assert.deepEqual(outcomes, ['done', ...refusals])
    const { cart } = await store.load(ada, [])
    assert.deepEqual([quantityOf(cart), cart.revision], [6, 3])
    assert.deepEqual(await handler.read(ada), cart)
  })

  test('a command whose answer cannot be encoded fails alone, and has no effect', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    const broken = { ...toRequest(add(100), { key: 'k' }), form: 'broken' }
    const results = await Promise.allSettled([
      handler.ask(add(1)),
      handler.ask(add(2)),
      handler.handle(broken),
      handler.ask(add(4)),
    ])
    const [, , third] = results
    assert.ok(third?.status === 'rejected' && third.reason instanceof TypeError)
    assert.equal(results.filter((r) => r.status === 'fulfilled').length, 3)
    const loaded = await store.load(ada, [{ caller: 'ada', key: 'k' }])
    assert.deepEqual([quantityOf(loaded.cart), loaded.cart.revision], [7, 3])
    assert.deepEqual(loaded.answers, [])
    assert.equal((await store.readJournal(ada, 0, 100)).length, 3)
    assert.equal((await store.countJobs(Number.MAX_SAFE_INTEGER)).due, 3)
  })
})
