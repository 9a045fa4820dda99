// What makes the embedded store durable: one file, whole after closing and after a kill, and open
// to readers meanwhile.
import assert from 'node:assert/strict'
import { openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openDatabase } from '../../../src/adapters/stores/sqlite/database.ts'
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open.ts'
import { CartError } from '../../../src/domain/errors.ts'
import type { CartId } from '../../../src/domain/ids.ts'
import {
  ada,
  buildChange,
  buildFullChange,
  buildIntent,
  buildItem,
  everyPart,
  mustCommit,
  noon,
  partsIn,
  putJobs,
} from '../../support/store-changes.ts'
import { openFolder, openFreshSqliteStore } from '../../support/store-folders.ts'
import { startHolder, until } from '../../support/store-processes.ts'

const isUnavailable = (error: unknown) =>
  error instanceof CartError && error.code === 'store-unavailable'

test('what was committed is there after closing and opening the file again', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  const at = Date.now()
  {
    await using store = await openSqliteStore(path)
    await mustCommit(store, buildFullChange('a', { at }), buildFullChange('b', { on: 1, at }))
  }
  await using store = await openSqliteStore(path)
  for (const name of ['a', 'b']) assert.deepEqual(await partsIn(store, name), everyPart)
  assert.equal((await store.load(ada, [])).cart.revision, 2)
  assert.equal(await store.commit(buildFullChange('late', { on: 1 })), 'conflict')
  await mustCommit(store, buildFullChange('c', { on: 2 }))
})

test('the folder of the file is created when it is missing', async () => {
  using folder = openFolder()
  await using store = await openSqliteStore(join(folder.path, 'new', 'deep', 'cart.db'))
  await store.check()
})

test('every write is synced to disk, in a write-ahead log', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  const database = await openDatabase(path)
  const pragmaOf = (pragma: string) =>
    Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})
  const [full] = pragmaOf('synchronous')
  const [log] = pragmaOf('journal_mode')
  assert.deepEqual([full, log], [2, 'wal'])
  const reader = new DatabaseSync(path, { readOnly: true })
  assert.deepEqual({ ...reader.prepare('pragma journal_mode').get() }, { journal_mode: 'wal' })
  reader.close()
  database.close()
  // What SQLite keeps in the header of a file in this mode.
  const header = Buffer.alloc(20)
  readSync(openSync(path, 'r'), header, 0, 20, 0)
  assert.deepEqual([header[18], header[19]], [2, 2])
})

test('a commit is in the files when it is acknowledged', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  await using store = await openSqliteStore(path)
  await mustCommit(store, buildChange({ put: [buildItem('tea', { name: 'Earl Grey 4711' })] }))
  const files = [path, `${path}-wal`].map((name) => readFileSync(name))
  assert.ok(files.some((bytes) => bytes.includes('Earl Grey 4711')))
})

test('what was acknowledged before a kill is there, and the file opens at once', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  for (let round = 1; round <= 3; round += 1) {
    const roundPath = `${path}-${round}`
    const holder = await startHolder(roundPath, 'write')
    await until('it has committed', () => holder.lines().length > 10 * round)
    await holder.kill()
    const acknowledged = Number(holder.lines().at(-1))
    await using store = await openSqliteStore(roundPath)
    const { cart } = await store.load(ada, [])
    assert.ok(cart.revision >= acknowledged, `${cart.revision} of ${acknowledged}`)
    for (let on = 0; on < cart.revision; on += 1) {
      assert.deepEqual(await partsIn(store, `w${on}`), everyPart)
    }
    assert.deepEqual(await partsIn(store, `w${cart.revision}`), [])
    await mustCommit(store, buildFullChange('next', { on: cart.revision }))
  }
})

test('other programs can read the carts while the store is open', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  await using store = await openSqliteStore(path)
  const tea = buildItem('1', { productId: 'tea', quantity: 3 })
  const small = buildItem('2', { productId: 'cup', quantity: 4, attributes: { size: 'S' } })
  const large = buildItem('3', { productId: 'cup', quantity: 5, attributes: { size: 'L' } })
  await mustCommit(store, buildChange({ put: [tea, small, large] }))
  const reader = new DatabaseSync(path, { readOnly: true })
  const select = reader.prepare(`
    select user_id, product_id, quantity from cart_items order by product_id, quantity`)
  const seen = () => select.all().map((row) => Object.values(row))
  const cups = [
    ['ada', 'cup', 4],
    ['ada', 'cup', 5],
  ]
  assert.deepEqual(seen(), [...cups, ['ada', 'tea', 3]])
  await mustCommit(store, buildChange({ on: 1, removed: [tea] }))
  assert.deepEqual(seen(), cups)
  await mustCommit(store, buildChange({ on: 2, removed: [small, large] }))
  assert.deepEqual(seen(), [])
  reader.close()
})

test('a reader in a long transaction does not delay commits', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  await using store = await openSqliteStore(path)
  await mustCommit(store, buildChange({ put: [buildItem('tea')] }))
  const reader = new DatabaseSync(path, { readOnly: true })
  reader.exec('begin')
  const count = reader.prepare('select count(*) as items from cart_items')
  assert.equal(count.get()?.items, 1)
  await mustCommit(store, buildChange({ on: 1, put: [buildItem('cup')] }))
  assert.equal(count.get()?.items, 1)
  reader.exec('commit')
  assert.equal(count.get()?.items, 2)
  reader.close()
})

test('leases end when the file is opened again: jobs are due at once, their outcome unknown', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  {
    await using store = await openSqliteStore(path)
    await putJobs(store, noon, 'leased')
    await store.beat('w', Date.now(), 60_000)
    assert.equal((await store.claimJobs({ workerId: 'w', now: noon, limit: 9 })).length, 1)
    const put = [buildIntent('buried'), buildIntent('free')]
    const buried = [{ id: 'buried', reason: 'no use' }]
    await mustCommit(store, buildChange({ jobs: { put, buried } }))
  }
  const before = Date.now()
  await using store = await openSqliteStore(path)
  const after = Date.now()
  const job = await store.findJob('leased')
  const { unknownAt, dueAt } = job ?? {}
  assert.ok(unknownAt != null && unknownAt >= before && unknownAt <= after)
  assert.equal(dueAt, unknownAt)
  const others = await Promise.all(['buried', 'free'].map((id) => store.findJob(id)))
  assert.deepEqual(
    others.map((other) => [other?.unknownAt, other?.dueAt, other?.buriedAt]),
    [
      [null, noon, noon],
      [null, noon, null],
    ],
  )
  const claimed = await store.claimJobs({ workerId: 'new', now: after, limit: 9 })
  assert.deepEqual(
    claimed.map(({ id, attempts }) => [id, attempts]),
    [
      ['free', 1],
      ['leased', 2],
    ],
  )
})

test('a call after closing the store is refused, one before it is carried out', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  const store = await openSqliteStore(path)
  const before = store.commit(buildFullChange('before'))
  const closing = store[Symbol.asyncDispose]()
  const meanwhile = store.commit(buildFullChange('meanwhile', { on: 1 })).catch((e) => e)
  assert.equal(await before, 'committed')
  await closing
  await store[Symbol.asyncDispose]()
  const refused = [store.load(ada, []), store.check(), store.beat('w', noon, 1_000)]
  for (const call of refused) await assert.rejects(call, isUnavailable)
  await assert.rejects(store.commit(buildFullChange('after', { on: 1 })), isUnavailable)
  assert.ok(isUnavailable(await meanwhile))
  await using again = await openSqliteStore(path)
  assert.deepEqual(await partsIn(again, 'before'), everyPart)
  assert.deepEqual(await partsIn(again, 'after'), [])
  assert.deepEqual(await partsIn(again, 'meanwhile'), [])
})

test('when one call of a group fails, the others take effect, once', async () => {
  await using store = await openFreshSqliteStore()
  await putJobs(store, noon, 'a')
  const names = Array.from({ length: 30 }, (_, index) => `w${index}`)
  const results = await Promise.all([
    ...names.map((name) => {
      const change = buildFullChange(name, { cartId: name as CartId })
      const put = [buildItem('none', { quantity: 0 })]
      const bad = { ...change, items: { put, removed: [] } }
      return store.commit(name === 'w20' ? bad : change).catch((error) => error)
    }),
    store.claimJobs({ workerId: 'w', now: noon, limit: 1 }),
  ])
  for (const [index, name] of names.entries()) {
    if (name === 'w20') assert.ok(isUnavailable(results[index]), String(results[index]))
    else assert.equal(results[index], 'committed')
    const parts = await partsIn(store, name, name as CartId)
    assert.deepEqual(parts, name === 'w20' ? [] : everyPart)
  }
  assert.equal((await store.findJob('a'))?.attempts, 1)
})

test('writes fail, all at once, while another program holds the write lock', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  await using store = await openSqliteStore(path)
  const other = new DatabaseSync(path)
  other.exec('begin immediate')
  const startedAt = performance.now()
  const names = Array.from({ length: 20 }, (_, index) => `w${index}`)
  const commits = names.map((name) =>
    store.commit(buildFullChange(name, { cartId: name as CartId })),
  )
  await Promise.all(commits.map((commit) => assert.rejects(commit, isUnavailable)))
  // Not one after the other, each after a wait of its own.
  assert.ok(performance.now() - startedAt < 15_000)
  other.exec('rollback')
  other.close()
  await mustCommit(store, buildFullChange('after'))
  for (const name of names) assert.deepEqual(await partsIn(store, name, name as CartId), [])
})

test('thousands of calls in one turn are all answered', async () => {
  await using store = await openFreshSqliteStore()
  await mustCommit(store, buildFullChange('a'))
  const loads = Array.from({ length: 20_000 }, () => store.load(ada, []))
  const revisions = new Set((await Promise.all(loads)).map(({ cart }) => cart.revision))
  assert.deepEqual([...revisions], [1])
})
