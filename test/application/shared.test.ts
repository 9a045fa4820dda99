// A store that other processes write to: a cart in memory may be stale, and only a commit proves it
// current. Here the other process is a second handler.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cart } from '../../src/domain/cart/cart.ts'
import type { ItemId } from '../../src/domain/ids.ts'
import { ada } from '../support/store-changes.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { toCounted, toShared, toSlow } from '../support/store-wrappers.ts'
import { isRefused, onlyItem, openHandler, quantityOf } from './handler.ts'
import { times } from './over-stores.ts'
import { add, clear, remove, set } from './requests.ts'

const openTwo = async () => {
  const store = await openFreshMemoryStore()
  const { store: counted, counts } = toCounted(store)
  const shared = toShared(toSlow(counted))
  return { store, counts, here: openHandler(shared), there: openHandler(shared) }
}

test('two handlers that race on one cart lose nothing', async () => {
  const { store, here, there } = await openTwo()
  const asked = times(100, (index) => [
    here.ask(add(1, `p${index % 3}`)),
    there.ask(add(1, `p${index % 4}`)),
  ]).flat()
  await Promise.all(asked)
  const { cart } = await store.load(ada, [])
  assert.deepEqual([quantityOf(cart), cart.revision, cart.items.length], [200, 200, 4])
  assert.ok(here.facts.conflicts + there.facts.conflicts > 0, 'they were in conflict')
  const entries = await store.readJournal(ada, 0, 1_000)
  assert.deepEqual(
    entries.map(({ revision }) => revision),
    times(200, (index) => index + 1),
  )
})

test('two handlers that change a cart together over many rounds lose nothing', async () => {
  const { store, here, there } = await openTwo()
  for (let round = 0; round < 30; round += 1) {
    await Promise.all([here.ask(add(1)), there.ask(add(1)), here.ask(add(1)), there.ask(clear)])
    await there.ask(add(1))
  }
  const { cart } = await store.load(ada, [])
  const entries = await store.readJournal(ada, 0, 1_000)
  const added = entries.filter(({ event }) => event.type === 'item-added').length
  assert.equal(added, 120)
  assert.equal(cart.revision, entries.at(-1)?.revision)
})

test('one key used with two handlers at once has one effect, and one answer', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { store, here, there } = await openTwo()
    await here.ask(add(1))
    await there.read(ada)
    const handled = await Promise.all(
      times(10, () => [here.ask(add(5), { key: 'k' }), there.ask(add(5), { key: 'k' })]).flat(),
    )
    assert.equal(handled.filter(({ replayed }) => !replayed).length, 1)
    assert.equal(new Set(handled.map(({ response }) => response.text)).size, 1)
    assert.equal(quantityOf((await store.load(ada, [])).cart), 6)
  }
})

test('a repeat of a request to the other handler gets its answer', async () => {
  const { here, there } = await openTwo()
  await there.ask(add(3))
  const { id } = onlyItem(await there.read(ada))
  await here.ask(add(1))
  const first = await here.ask(remove(id), { key: 'k' })
  const again = await there.ask(remove(id), { key: 'k' })
  assert.deepEqual(again, { response: first.response, replayed: true })
})

test('a refusal decided on a stale cart is decided again', async () => {
  const { here, there } = await openTwo()
  await here.ask(add(1))
  await there.ask(add(1, 'cup'))
  const cup = (await there.read(ada)).items.at(-1)?.id as ItemId
  // Not known here, where the cart is warm.
  const { response } = await here.ask(remove(cup))
  assert.match(response.text ?? '', /version 3$/)
})

test('a stale If-Match decided on a stale cart is decided again', async () => {
  const { here, there } = await openTwo()
  await here.ask(add(1))
  await there.ask(add(1))
  await here.ask(add(1), { ifMatch: [2] })
  const asked = there.ask(add(1), { ifMatch: [2] })
  const error = await asked.catch((reason: unknown) => reason)
  assert.ok(isRefused('version-stale')(error))
  const { cart = '' } = error as { readonly cart?: string }
  assert.equal((JSON.parse(cart) as Cart).version, 3)
})

test('a refusal that is right costs a load and no write', async () => {
  const { counts, here } = await openTwo()
  await here.ask(add(1))
  const before = { ...counts }
  await assert.rejects(here.ask(remove('gone' as ItemId)), isRefused('item-not-found'))
  assert.deepEqual(counts, { ...before, loads: before.loads + 1 })
})

test('a command without effect on a stale cart is decided again', async () => {
  const { store, here, there } = await openTwo()
  await here.ask(add(5))
  const { id } = onlyItem(await here.read(ada))
  await there.ask(set(id, 7))
  // Nothing to do on the cart that is warm here.
  await here.ask(set(id, 5))
  assert.equal(quantityOf((await store.load(ada, [])).cart), 5)
})

test('a refused command does not affect others in the same write, also after a conflict', async () => {
  const { store, here, there } = await openTwo()
  await here.ask(add(1))
  await there.ask(add(1))
  const results = await Promise.allSettled([
    here.ask(add(1)),
    here.ask(remove('gone' as ItemId)),
    here.ask(add(1)),
    there.ask(add(1)),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.equal(quantityOf((await store.load(ada, [])).cart), 5)
})

test('a read loads the cart from a shared store, also when it is warm', async () => {
  const { counts, here, there } = await openTwo()
  await here.ask(add(1))
  await there.ask(add(1))
  const { loads } = counts
  assert.equal(quantityOf(await here.read(ada)), 2)
  assert.equal(counts.loads, loads + 1)
})
