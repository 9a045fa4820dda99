// A command that names the version it was made for is refused when the contents have changed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ada, noon } from '../support/store-changes.ts'
import { isRefused, onlyItem, openHandler, quantityOf } from './handler.ts'
import { overStores, times } from './over-stores.ts'
import { add, reserved, set, toRecord } from './requests.ts'

overStores('a command with If-Match', (open, carts) => {
  test('a command for a stale version is refused, with the current cart', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1))
    await handler.ask(add(2))
    const asked = handler.ask(add(4), { ifMatch: [1] })
    const error = await asked.catch((reason: unknown) => reason)
    assert.ok(isRefused('version-stale')(error))
    const { cart } = await store.load(ada, [])
    assert.equal((error as { readonly cart?: string }).cart, JSON.stringify(cart))
    assert.deepEqual([quantityOf(cart), cart.revision], [3, 2])
  })

  test('a command is carried out when one of its versions is the current one', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1), { ifMatch: [0] })
    await handler.ask(add(2), { ifMatch: [7, 1] })
    await assert.rejects(handler.ask(add(4), { ifMatch: [] }), isRefused('version-stale'))
    assert.equal(quantityOf(await handler.read(ada)), 3)
  })

  test('a command for any version is refused only when its cart was never written', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await assert.rejects(handler.ask(add(1), { ifMatch: 'any' }), isRefused('version-stale'))
    await handler.ask(add(1))
    await handler.ask(set(onlyItem(await handler.read(ada)).id, 0), { ifMatch: 'any' })
    await handler.ask(add(2), { ifMatch: 'any' })
    assert.equal(quantityOf(await handler.read(ada)), 2)
  })

  test('of ten concurrent commands for one version exactly one is carried out', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1))
    const results = await Promise.allSettled(times(10, () => handler.ask(add(1), { ifMatch: [1] })))
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const result of results) {
      if (result.status === 'rejected') assert.ok(isRefused('version-stale')(result.reason))
    }
    assert.equal(quantityOf((await store.load(ada, [])).cart), 2)
  })

  test('a command is not refused because a reservation settled meanwhile', async () => {
    await using store = await open()
    const handler = openHandler(store, carts)
    await handler.ask(add(1))
    const [job] = await store.claimJobs({ workerId: 'w', now: noon * 2, limit: 1 })
    assert.ok(job)
    await handler.ask(toRecord(job, reserved('h')))
    await handler.ask(add(1), { ifMatch: [1] })
    const { version, revision } = await handler.read(ada)
    assert.deepEqual([version, revision], [2, 3])
  })
})
