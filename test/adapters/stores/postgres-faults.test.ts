// PostgreSQL that restarts, hangs or loses connections while the store is open: calls fail in time with the
// right error, nothing acknowledged is lost, and the store works again by itself.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Store } from '../../../src/ports/store.ts'
import { isRefused, openHandler, quantityOf } from '../../application/handler.ts'
import { times } from '../../application/over-stores.ts'
import { add } from '../../application/requests.ts'
import {
  openDatabase,
  type PostgresServer,
  postgresProgramsAreMissing,
  startPostgres,
} from '../../support/server-postgres.ts'
import {
  ada,
  buildFullChange,
  buildPutBack,
  everyPart,
  mustCommit,
  noon,
  partsIn,
  putJobs,
  toItemId,
} from '../../support/store-changes.ts'
import { openStoreOf } from '../../support/store-databases.ts'
import { until } from '../../support/store-processes.ts'
import { openStoreProxy } from '../../support/store-proxy.ts'

let server: PostgresServer

describe('a store whose PostgreSQL server has trouble', {
  skip: postgresProgramsAreMissing(),
}, () => {
  before(async () => {
    server = await startPostgres()
  })
  after(() => server[Symbol.asyncDispose]())

  restarts()
  freezes()
  losesConnections()
})

/** Every kind of call, with what it is called. */
const callsOf = (store: Store) => {
  const { handOver } = store
  assert.ok(handOver !== null)
  return {
    load: () => store.load(ada, []),
    loadWithAnswers: () => store.load(ada, [{ caller: 'c', key: 'k' }]),
    loadOlder: () => store.loadOlder(ada, toItemId('tea')),
    commit: () => store.commit(buildFullChange('meanwhile', { on: 1 })),
    readJournal: () => store.readJournal(ada, 0, 9),
    claimJobs: () => store.claimJobs({ workerId: 'w', now: noon - 1, limit: 1 }),
    putBackJobs: () => store.putBackJobs('w', [buildPutBack('none')], noon),
    beat: () => store.beat('w', noon, 1_000),
    findJob: () => store.findJob('none'),
    listBuried: () => store.listBuried(null, 1),
    countJobs: () => store.countJobs(noon),
    handOverJobs: () => handOver.handOverJobs(noon - 1, 1),
    claimHandedJobs: () => handOver.claimHandedJobs({ workerId: 'w', now: noon, ids: ['none'] }),
    takeBackHandedJobs: () => handOver.takeBackHandedJobs(noon),
    sweep: () => store.sweep({ answersBefore: 0, journalBefore: 0, limit: 1 }),
  }
}

const allUnavailable = async (store: Store): Promise<void> => {
  await Promise.all([
    ...Object.entries(callsOf(store)).map(([name, call]) =>
      assert.rejects(call(), isRefused('store-unavailable'), name),
    ),
    assert.rejects(store.check()),
  ])
}

const isWorking = (store: Store) =>
  store.check().then(
    () => true,
    () => false,
  )

function restarts() {
  for (const mode of ['fast', 'immediate'] as const) {
    test(`works again, and is notified of jobs, after the server was stopped (${mode}) and started`, async () => {
      await using database = await openDatabase(server.url)
      let notified = 0
      const onJobs = () => {
        notified += 1
      }
      await using store = await openStoreOf(database.url, { onJobs })
      await until('it listens', () => notified > 0)
      await mustCommit(store, buildFullChange('before'))
      const underWay = times(20, (index) =>
        store
          .commit(buildFullChange(`w${index}`, { cartId: `cart ${index}` as never }))
          .catch((error) => error),
      )
      await server.stop(mode)
      const results = await Promise.all(underWay)
      await allUnavailable(store)
      const before = notified
      await server.start()
      await until('it works again', () => isWorking(store))
      assert.deepEqual(await partsIn(store, 'before'), everyPart)
      assert.deepEqual(await partsIn(store, 'meanwhile'), [])
      for (const [index, result] of results.entries()) {
        const parts = await partsIn(store, `w${index}`, `cart ${index}` as never)
        if (result === 'committed') assert.deepEqual(parts, everyPart)
        else assert.ok(isRefused('store-unavailable')(result), String(result))
      }
      await mustCommit(store, buildFullChange('after', { on: 1 }))
      await until('it listens again', () => notified > before)
      await using other = await openStoreOf(database.url)
      const listening = notified
      await putJobs(other, noon, 'new')
      await until('it is notified of the job', () => notified > listening)
    })
  }
}

const bounds = { connectMs: 500, statementMs: 1_000, answerMs: 1_200, lockMs: 500 }

function freezes() {
  test('refuses every call within its time limits while the server hangs', async () => {
    await using database = await openDatabase(server.url)
    await using store = await openStoreOf(database.url, { bounds, connections: 4 })
    await mustCommit(store, buildFullChange('before'))
    await Promise.all(times(10, () => store.countJobs(noon)))
    await server.freeze()
    await using _ = { [Symbol.asyncDispose]: server.thaw }
    const startedAt = performance.now()
    const refused = [allUnavailable(store), allUnavailable(store)]
    const crowd = times(300, (index) =>
      assert.rejects(
        store.commit(buildFullChange(`w${index}`, { cartId: `cart ${index}` as never })),
        isRefused('store-unavailable'),
      ),
    )
    await Promise.all([...refused, ...crowd])
    // One group of calls waits for the one before it.
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs < 3 * bounds.answerMs + bounds.connectMs, `${tookMs} ms`)
    await server.thaw()
    await until('it works again', () => isWorking(store))
    const { revision } = (await store.load(ada, [])).cart
    await mustCommit(store, buildFullChange('after', { on: revision }))
    assert.deepEqual(await partsIn(store, 'before'), everyPart)
  })

  test('can be closed while the server hangs', async () => {
    await using database = await openDatabase(server.url)
    let isListening = false
    const onJobs = () => {
      isListening = true
    }
    const store = await openStoreOf(database.url, { bounds, onJobs })
    await mustCommit(store, buildFullChange('before'))
    await until('it listens', () => isListening)
    await server.freeze()
    await using _ = { [Symbol.asyncDispose]: server.thaw }
    const call = assert.rejects(store.countJobs(noon), isRefused('store-unavailable'))
    const startedAt = performance.now()
    await store[Symbol.asyncDispose]()
    const tookMs = performance.now() - startedAt
    assert.ok(tookMs < 2 * bounds.answerMs, `${tookMs} ms`)
    await call
  })
}

function losesConnections() {
  test('counts a repeat with the same key once when the connection is lost during a commit', async () => {
    await using database = await openDatabase(server.url)
    await using proxy = await openStoreProxy(database.url)
    await using store = await openStoreOf(proxy.url)
    await using direct = await openStoreOf(database.url)
    for (const carts of ['warm', 'cold'] as const) {
      const handler = openHandler(store, carts)
      const cartId = `${carts} ada` as never
      for (let round = 0; round < 10; round += 1) {
        for (const where of ['request', 'answer'] as const) {
          const key = `${carts} ${round} ${where}`
          proxy.cutNextCommit(where)
          const asked = handler.ask(add(1), { key }, cartId)
          await assert.rejects(asked, isRefused('store-unavailable'))
          const before = quantityOf((await direct.load(cartId, [])).cart)
          assert.equal(before, round * 2 + (where === 'answer' ? 2 : 0), key)
          const { replayed, response } = await handler.ask(add(1), { key }, cartId)
          assert.equal(replayed, where === 'answer')
          const { form, version, revision } = response
          const count = round * 2 + (where === 'request' ? 1 : 2)
          assert.deepEqual([form, version, revision], ['summary', count, count])
        }
      }
      const { cart } = await direct.load(cartId, [])
      assert.deepEqual([quantityOf(cart), cart.revision], [20, 20])
    }
    assert.equal(proxy.cuts(), 40)
  })
}
