// Concurrent writers in PostgreSQL: locks of other sessions, deadlocks, groups in which some changes conflict.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CartId } from '../../../src/domain/ids.ts'
import type { Change, Store } from '../../../src/ports/store.ts'
import { isRefused } from '../../application/handler.ts'
import { times } from '../../application/over-stores.ts'
import { openDatabase, postgresIsMissing } from '../../support/server-postgres.ts'
import {
  buildAnswer,
  buildChange,
  buildEntry,
  buildFullChange,
  buildIntent,
  buildItem,
  everyPart,
  mustCommit,
  noon,
  partsIn,
} from '../../support/store-changes.ts'
import {
  countWaiting,
  openSession,
  openStoreOf,
  type Session,
} from '../../support/store-databases.ts'
import { until } from '../../support/store-processes.ts'

const bounds = { connectMs: 2_000, statementMs: 5_000, answerMs: 6_000, lockMs: 700 }
const toCartId = (name: string) => name as CartId
const [a, b, c] = ['a', 'b', 'c'].map(toCartId) as [CartId, CartId, CartId]

const openFixture = async (given = bounds) => {
  const stack = new AsyncDisposableStack()
  const { url } = stack.use(await openDatabase())
  const session = stack.use(await openSession(url))
  // A wait is checked for a deadlock once, and this machine may be slow to complete the deadlock.
  const name = new URL(url).pathname.slice(1)
  await session.ask(`alter database ${name} set deadlock_timeout = '2s'`)
  const store = stack.use(await openStoreOf(url, { bounds: given }))
  return {
    url,
    store,
    session,
    other: async () => stack.use(await openStoreOf(url, { bounds: given })),
    lock: async (cartId: CartId, by: Session = session) => {
      await by.ask('begin')
      await by.ask('select 1 from carts where user_id = $1 for update', [cartId])
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const commitAt = (store: Store, cartId: CartId, name: string, on = 1) =>
  store.commit(buildFullChange(`${name} of ${cartId}`, { cartId, on }))

describe('a PostgreSQL store beside other writers', { skip: postgresIsMissing() }, () => {
  locks()
  groups()
  leases()
  hammers()
})

function locks() {
  test('commits of carts that another session locks for too long fail, the others of their group succeed', async () => {
    await using fixture = await openFixture()
    const { store, session } = fixture
    const carts = [a, b, c, ...times(20, (at) => toCartId(`d${at}`))]
    await Promise.all(carts.map((cartId) => commitAt(store, cartId, 'first', 0)))
    const locked = [b, c]
    await fixture.lock(b)
    await session.ask('select 1 from carts where user_id = $1 for update', [c])
    const startedAt = performance.now()
    const results = await Promise.allSettled(
      carts.map((cartId) => commitAt(store, cartId, 'second')),
    )
    const tookMs = performance.now() - startedAt
    for (const [at, result] of results.entries()) {
      if (!locked.includes(carts[at] ?? a))
        assert.deepEqual(result, { status: 'fulfilled', value: 'committed' })
      else assert.ok(result.status === 'rejected' && isRefused('store-unavailable')(result.reason))
    }
    // Tried once in the group and once alone, both carts at the same time.
    assert.ok(tookMs < 5 * bounds.lockMs, `${tookMs} ms`)
    await session.ask('rollback')
    assert.deepEqual(await partsIn(store, 'second of b', b), [])
    for (const cartId of locked) assert.equal(await commitAt(store, cartId, 'third'), 'committed')
  })

  test('a commit waits for a cart that another session locks for a moment', async () => {
    await using fixture = await openFixture()
    const { store, session } = fixture
    await commitAt(store, a, 'first', 0)
    await fixture.lock(a)
    const committing = commitAt(store, a, 'second')
    await until('it waits', async () => (await countWaiting(session)) === 1)
    await session.ask('commit')
    assert.equal(await committing, 'committed')
  })

  // The session that checks for a deadlock first is the one that is aborted.
  for (const [who, timeout, expected] of [
    ['the other session', '50ms', '40P01'],
    ['a group of commits', '1h', 'got it'],
  ]) {
    test(`in a deadlock ${who} is aborted, and every commit ends`, async () => {
      await using fixture = await openFixture({
        ...bounds,
        lockMs: 10_000,
        statementMs: 12_000,
        answerMs: 15_000,
      })
      const { store, session } = fixture
      const stores = [store, await fixture.other()]
      await Promise.all([a, b, c].map((cartId) => commitAt(store, cartId, 'first', 0)))
      await session.ask(`set deadlock_timeout = '${timeout}'`)
      await fixture.lock(c)
      // One group has a, the other waits for it or for c, which both want.
      const committing = stores.map((each, at) =>
        Promise.all([a, at === 0 ? b : c].map((cartId) => commitAt(each, cartId, `${at}`))),
      )
      const third = commitAt(store, c, 'third')
      await until('they wait', async () => (await countWaiting(session)) >= 2)
      const deadlocked = session.ask('select 1 from carts where user_id = $1 for update', [a]).then(
        () => 'got it',
        (error: { readonly code?: string }) => error.code,
      )
      assert.equal(await deadlocked, expected)
      await session.ask('rollback')
      const [[first, ofB] = [], [second, ofC] = []] = await Promise.all(committing)
      assert.deepEqual([first, second].toSorted(), ['committed', 'conflict'])
      assert.equal(ofB, 'committed')
      assert.deepEqual([ofC, await third].toSorted(), ['committed', 'conflict'])
    })
  }
}

function groups() {
  test('each of a group of 256 changes has its own result', async () => {
    await using fixture = await openFixture()
    const { store } = fixture
    const carts = times(256, (at) => toCartId(`cart ${at}`))
    // A third of the carts was changed by others; one change is invalid.
    const isStale = (at: number) => at % 10 < 3
    const bad = 77
    await Promise.all(carts.flatMap((id, at) => (isStale(at) ? [commitAt(store, id, 'x', 0)] : [])))
    for (const withBad of [false, true]) {
      const name = withBad ? 'with a bad one' : 'plain'
      const on = withBad ? 1 : 0
      const changes = carts.map((cartId, at): Change => {
        const change = buildFullChange(`${name} ${at}`, { cartId, on: isStale(at) ? 5 : on })
        if (!withBad || at !== bad) return change
        return { ...change, items: { ...change.items, put: [buildItem('none', { quantity: 0 })] } }
      })
      const results = await Promise.all(
        changes.map((change) => store.commit(change).catch((e) => e)),
      )
      for (const [at, result] of results.entries()) {
        const isBad = withBad && at === bad
        const expected = isStale(at) ? 'conflict' : 'committed'
        if (isBad) assert.ok(isRefused('store-unavailable')(result), String(result))
        else assert.equal(result, expected, `${name} ${at}`)
        const parts = await partsIn(store, `${name} ${at}`, carts[at])
        assert.deepEqual(parts, result === 'committed' ? everyPart : [], `${name} ${at}`)
      }
    }
  })
}

function leases() {
  const lease = { jobId: 'job', workerId: 'w' }

  test('a write that rests on a lease fails when its job is taken back during the write', async () => {
    await using fixture = await openFixture()
    const { store, session } = fixture
    await mustCommit(store, buildChange({ cartId: a, jobs: { put: [buildIntent('job')] } }))
    await store.beat('w', noon, 1_000)
    await store.claimJobs({ workerId: 'w', now: noon, limit: 1 })
    await session.ask('begin')
    await session.ask(`update jobs set leased_by = null where id = 'job'`)
    const change = { ...buildFullChange('x', { cartId: a, on: 1 }), leases: [lease] }
    const committing = store.commit(change)
    await until('it waits', async () => (await countWaiting(session)) === 1)
    await session.ask('commit')
    assert.equal(await committing, 'lease-lost')
    assert.deepEqual(await partsIn(store, 'x', a), [])
  })

  test('an answer key that two stores use at once, without effect, is written once', async () => {
    await using fixture = await openFixture()
    const stores = [fixture.store, await fixture.other()]
    await commitAt(fixture.store, a, 'first', 0)
    const [head] = (
      await fixture.session.ask('select version, created_at, updated_at from carts')
    ).flat()
    assert.ok(head !== undefined)
    for (let round = 0; round < 20; round += 1) {
      const results = await Promise.all(
        stores.map((store, at) => {
          const answers = [buildAnswer(`key ${round}`, { text: `${at}` })]
          const change = buildChange({ cartId: a, on: 1, effect: 'none', answers })
          return store.commit({ ...change, cart: { ...change.cart, revision: 1, version: 1 } })
        }),
      )
      assert.deepEqual(results.toSorted(), ['committed', 'conflict'], `round ${round}`)
      const { answers } = await fixture.store.load(a, [buildAnswer(`key ${round}`)])
      assert.deepEqual(
        answers.map(({ text }) => text),
        [`${results.indexOf('committed')}`],
      )
    }
  })
}

function hammers() {
  test('of any number of commits at one revision, by two stores, exactly one is committed', async () => {
    await using fixture = await openFixture()
    const stores = [fixture.store, await fixture.other()]
    const carts = times(5, (at) => toCartId(`hot ${at}`))
    const committed = new Map<string, number>()
    const known = new Map(carts.map((cartId) => [cartId, 0]))
    const write = async (store: Store, who: number) => {
      for (let round = 0; round < 60; round += 1) {
        const cartId = carts[Math.floor(Math.random() * carts.length)] ?? a
        // Mostly the latest known revision, sometimes the one before it.
        const on = Math.max(0, (known.get(cartId) ?? 0) + (Math.random() < 0.2 ? -1 : 0))
        const actor = `${who}.${round}`
        const events = [buildEntry(on + 1, 0, { actor })]
        const put = [buildItem(`item ${actor} on ${on}`)]
        const result = await store.commit(buildChange({ cartId, on, events, put }))
        if (result !== 'committed') continue
        committed.set(`${cartId} ${on + 1}`, (committed.get(`${cartId} ${on + 1}`) ?? 0) + 1)
        known.set(cartId, Math.max(known.get(cartId) ?? 0, on + 1))
      }
    }
    await Promise.all(times(16, (who) => write(stores[who % 2] ?? fixture.store, who)))
    assert.ok([...committed.values()].every((count) => count === 1))
    let revisions = 0
    for (const cartId of carts) {
      const { cart } = await fixture.store.load(cartId, [])
      const entries = await fixture.store.readJournal(cartId, 0, 10_000)
      assert.deepEqual(
        entries.map(({ revision }) => revision),
        times(cart.revision, (at) => at + 1),
      )
      assert.equal(cart.items.length, cart.revision)
      revisions += cart.revision
    }
    assert.equal(committed.size, revisions)
    assert.ok(revisions > 50, `${revisions} revisions`)
  })
}
