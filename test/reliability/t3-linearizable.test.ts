// T3: linearizable per cart. Clients add, set, remove, clear and read on five hot carts, half of them with
// If-Match; each cart's history must be one that a single sequential cart could have produced. Here in one
// process, where several handlers over one store stand for several instances; the other file has processes.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { startSimulator } from '../../simulator/start.ts'
import { openAnyProductCatalog } from '../../src/adapters/catalogs/any-product.ts'
import { openReservationService } from '../../src/adapters/reservations/open-reservation-service.ts'
import { changeCarts } from '../../src/application/carts/change-cart.ts'
import { takeFromStore } from '../../src/application/jobs/job-source.ts'
import { runJobs } from '../../src/application/jobs/run-jobs.ts'
import type { CartId } from '../../src/domain/ids.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Loaded, Store } from '../../src/ports/store.ts'
import { checkLinearizable, type Operation, type Verdict } from '../support/linearizability.ts'
import { cartModel } from '../support/process-cart-model.ts'
import { askHandlers, makeHistory, openHandlers, silent } from '../support/process-histories.ts'
import { drawBetween, scaled } from '../support/process-scale.ts'
import {
  type OpenStore,
  openFreshMemoryStore,
  openFreshSqliteStore,
} from '../support/store-folders.ts'

const histories = scaled(20)
const operations = 320
const carts = 5

type Counts = Record<Verdict, number> & { conflicts: number }

const checkHistories = async (
  store: Store,
  instances: number,
  count: number,
  jobs: 'reserved' | 'left' = 'left',
): Promise<Counts> => {
  await using work = jobs === 'reserved' ? await openWork(store) : null
  const counts: Counts = { linearizable: 0, violation: 0, undecided: 0, conflicts: 0 }
  const commitConflicted = () => {
    counts.conflicts += 1
  }
  const handlers = work?.handlers ?? openHandlers(store, instances, { ...silent, commitConflicted })
  for (let n = 0; n < count; n += 1) {
    const clients = drawBetween(8, 10)
    const ask = askHandlers(handlers, jobs === 'reserved')
    const history = await makeHistory({ ask, clients, carts, operations })
    for (const ofCart of history.values()) counts[checkLinearizable(cartModel, ofCart)] += 1
  }
  return counts
}

/** One handler whose carts change while shoppers use them, as reservations settle. */
const openWork = async (store: Store) => {
  const simulator = await startSimulator({ latencyMinMs: 0, latencyMaxMs: 20 })
  const client = openReservationService({
    url: new URL(simulator.url),
    grade: 'keyed',
    connections: 100,
    timeoutMs: 10_000,
    breaker: { enabled: false, cooldownMs: 1_000 },
  })
  const handlers = openHandlers(store, 1, silent, () => runner.nudge())
  const [commands] = handlers
  assert.ok(commands !== undefined)
  const clock: Clock = { now: Date.now, random: Math.random, newId: randomUUID, sleep }
  const catalog = openAnyProductCatalog()
  const changeCart = changeCarts({ commands, catalog, clock, reserving: true })
  const runner = runJobs(
    { store, client, changeCart, clock, reporter: silent },
    {
      workerId: 'worker',
      concurrency: 100,
      batchSize: 1,
      pollMs: 100,
      leaseMs: 30_000,
      callTimeoutMs: 10_000,
      retry: { baseMs: 10, capMs: 100, giveUpAfterMs: 60_000 },
    },
    takeFromStore(store, clock),
  )
  return {
    handlers,
    [Symbol.asyncDispose]: async () => {
      await runner.stop(AbortSignal.abort())
      await commands.drained()
      await client[Symbol.asyncDispose]()
      await simulator[Symbol.asyncDispose]()
    },
  }
}

const toShared = (store: Store): Store => ({ ...store, ownership: 'shared' })

for (const [name, open] of [
  ['memory', openFreshMemoryStore],
  ['SQLite', openFreshSqliteStore],
] satisfies [string, OpenStore][]) {
  for (const [how, instances, jobs] of [
    ['one instance', 1, 'left'],
    ['one instance whose jobs settle meanwhile', 1, 'reserved'],
    ['three instances', 3, 'left'],
  ] as const) {
    test(`T3: ${histories} histories over ${name} are linearizable, ${how}`, async (t) => {
      await using store = await open()
      const over = instances === 1 ? store : toShared(store)
      const counts = await checkHistories(over, instances, histories, jobs)
      t.diagnostic(JSON.stringify(counts))
      assert.equal(counts.violation, 0)
      assert.equal(counts.undecided, 0)
      assert.equal(counts.linearizable, histories * carts)
      assert.equal(counts.conflicts > 0, instances > 1)
    })
  }
}

test('T3 goes red on a store that sometimes loses an update', async () => {
  await using store = await openFreshMemoryStore()
  const losing: Store = {
    ...store,
    commit: async (change) => (Math.random() < 0.02 ? 'committed' : store.commit(change)),
  }
  const { violation } = await checkHistories(losing, 1, 5)
  assert.ok(violation > 0)
})

test('T3 goes red on a store that commits without comparing the revision', async () => {
  await using store = await openFreshMemoryStore()
  const overwriting: Store = {
    ...toShared(store),
    commit: async (change) => {
      const { cart } = await store.load(change.cartId, [])
      return store.commit({ ...change, expectedRevision: cart.revision })
    },
  }
  const { violation } = await checkHistories(overwriting, 3, 5)
  assert.ok(violation > 0)
})

test('T3 goes red on a store that reads stale carts', async () => {
  await using store = await openFreshMemoryStore()
  const before = new Map<CartId, Loaded>()
  const stale: Store = {
    ...toShared(store),
    load: async (cartId, answers) => {
      const now = await store.load(cartId, answers)
      const earlier = before.get(cartId)
      before.set(cartId, now)
      await nextTurn()
      return earlier !== undefined && Math.random() < 0.1 ? earlier : now
    },
  }
  const { violation } = await checkHistories(stale, 3, 5)
  assert.ok(violation > 0)
})

const shown = (version: number, quantity: number) => ({
  kind: 'shown' as const,
  cart: { version, revision: version, lines: [{ id: 'i', product: 'p', quantity }] },
})
const add = { type: 'add', product: 'p', quantity: 1, ifMatch: null } as const
const get = { type: 'get', ifMatch: null } as const

test('T3: the checker separates possible histories from impossible ones', () => {
  const check = (
    history: readonly Operation<typeof add | typeof get, ReturnType<typeof shown>>[],
  ) => checkLinearizable(cartModel, history)
  const first = { input: add, output: shown(1, 1), calledAt: 1, returnedAt: 4 }
  // Overlapping: either order; the answers say which.
  const second = { input: add, output: shown(2, 2), calledAt: 2, returnedAt: 3 }
  assert.equal(check([first, second]), 'linearizable')
  // The one that returned before the other was called must come first.
  const later = { input: add, output: shown(1, 1), calledAt: 5, returnedAt: 6 }
  assert.equal(check([{ ...first, output: shown(2, 2) }, later]), 'violation')
  // Both saw an empty cart: one of the two is lost.
  assert.equal(check([first, { ...second, output: shown(1, 1) }]), 'violation')
  // A read after the return of a write sees it.
  const read = { input: get, output: shown(1, 1), calledAt: 8, returnedAt: 9 }
  assert.equal(check([first, { ...second, calledAt: 5, returnedAt: 6 }, read]), 'violation')
  // What was never answered may have happened, or not.
  const unknown = { ...second, returnedAt: Number.POSITIVE_INFINITY }
  assert.equal(check([first, unknown, read]), 'linearizable')
  assert.equal(check([first, unknown, { ...read, output: shown(2, 2) }]), 'linearizable')
})
