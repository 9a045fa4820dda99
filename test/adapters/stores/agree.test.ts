// The store in memory is the model of the others: the same calls give the same results.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Cart } from '../../../src/domain/cart/cart.ts'
import type { CartId } from '../../../src/domain/ids.ts'
import type { Change, PutBack, Store } from '../../../src/ports/store.ts'
import { postgresIsMissing } from '../../support/server-postgres.ts'
import {
  buildAnswer,
  buildChange,
  buildDeparting,
  buildEntry,
  buildIntent,
  buildItem,
  buildPending,
  buildPutBack,
  buildReserved,
  noon,
  toItemId,
  toKey,
} from '../../support/store-changes.ts'
import { keepDatabases } from '../../support/store-databases.ts'
import {
  type OpenStore,
  openFreshMemoryStore,
  openFreshSqliteStore,
} from '../../support/store-folders.ts'

const openFreshPostgresStore = keepDatabases()
const leaseMs = 30

const few = <T>(...names: T[]) => fc.subarray(names, { maxLength: 2 })
const carts = fc.constantFrom('ada', 'bob') as unknown as fc.Arbitrary<CartId>
const items = ['tea', 'cup', 'pot']
const keys = ['r1', 'r2', 'r3']
const jobIds = ['a', 'b', 'c', 'd']
const workers = fc.constantFrom('w1', 'w2')
const aJob = fc.constantFrom(...jobIds)

/** A change without its revision: it is decided on what the cart is when it comes. */
const change = fc.record({
  cartId: carts,
  // Sometimes the change is not decided on the current revision.
  stale: fc.constantFrom(0, 0, 0, 0, -1, 1),
  effect: fc.constantFrom('some' as const, 'some' as const, 'none' as const),
  put: few(...items),
  removed: few(...items),
  older: fc.record({ put: few(...keys), removed: few(...keys) }),
  departing: fc.record({ put: few(...keys), removed: few(...keys) }),
  jobs: fc.record({
    put: few(...jobIds),
    cancelled: few(...jobIds),
    revived: few(...jobIds),
    requeued: few(...jobIds),
    buried: few(...jobIds),
    finished: few(...jobIds),
  }),
  answers: few('k1', 'k2', 'k3'),
})

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('commit' as const), change }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('claim' as const),
      workerId: workers,
      limit: fc.nat(3),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('put back' as const),
      workerId: workers,
      id: aJob,
      waitMs: fc.nat(20),
      attempt: fc.constantFrom<PutBack['attempt']>('uncounted', 'answered', 'unknown'),
      lastError: fc.constantFrom(null, 'x', 'y'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('beat' as const), workerId: workers }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('sweep' as const), ageMs: fc.nat(60) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Draft = Extract<Step, { type: 'commit' }>['change']

const toChange = async (store: Store, now: number, draft: Draft): Promise<Change> => {
  const { cart } = await store.load(draft.cartId, [])
  const on = Math.max(0, cart.revision + draft.stale)
  const jobs = {
    ...draft.jobs,
    put: draft.jobs.put.map((id) => buildIntent(id)),
    buried: draft.jobs.buried.map((id) => ({ id, reason: `at ${now}` })),
  }
  const answers = draft.answers.map((key) => buildAnswer(key, { at: now, text: `at ${now}` }))
  const counters = { createdAt: cart.createdAt ?? now, at: now, on }
  const base = buildChange({ cartId: draft.cartId, ...counters, effect: 'none', jobs, answers })
  return draft.effect === 'none' ? base : { ...base, ...effectOf(cart, on, now, draft) }
}

const effectOf = (cart: Cart, on: number, now: number, draft: Draft): Partial<Change> => {
  const { removed, put } = draft
  const known = (name: string) => cart.items.find((item) => item.id.startsWith(name))
  const {
    cart: head,
    items: lines,
    older,
    departing,
    events,
  } = buildChange({
    on,
    at: now,
    createdAt: cart.createdAt ?? now,
    removed: removed.flatMap((name) => known(name) ?? []),
    // An item that stays keeps its id and its position; a removed one may come back as another.
    put: put.map((name) => {
      const kept = removed.includes(name) ? undefined : known(name)
      const id = kept?.id ?? toItemId(`${name} of ${now}`)
      const addedAt = kept?.addedAt ?? now
      const reservations = [buildPending(`r${now}`)]
      const line = { productId: name, addedAt, updatedAt: now }
      return buildItem(id, { ...line, quantity: (now % 7) + 1, reservations })
    }),
    older: {
      put: draft.older.put.map((key) => ({
        itemId: toItemId('tea'),
        reservation: buildReserved(key, { requestedAt: now }),
      })),
      removed: draft.older.removed.map((key) => ({ itemId: toItemId('tea'), key: toKey(key) })),
    },
    departing: {
      put: draft.departing.put.map((key) => buildDeparting(key, { since: now })),
      removed: draft.departing.removed.map(toKey),
    },
    events: [buildEntry(on + 1, 0, { at: now })],
  })
  return { cart: head, items: lines, older, departing, events }
}

const take = async (store: Store, now: number, next: Step): Promise<unknown> => {
  switch (next.type) {
    case 'commit':
      return store.commit(await toChange(store, now, next.change))
    case 'claim':
      return store.claimJobs({ workerId: next.workerId, now, limit: next.limit })
    case 'put back': {
      const { id, attempt, lastError, waitMs, workerId } = next
      const putBack = buildPutBack(id, { attempt, lastError, dueAt: now + waitMs })
      return (await store.putBackJobs(workerId, [putBack], now)) ?? null
    }
    case 'beat':
      return store.beat(next.workerId, now, leaseMs)
    case 'sweep': {
      const before = now - next.ageMs
      return store.sweep({ answersBefore: before, journalBefore: before, limit: 1_000 })
    }
    default:
      return next satisfies never
  }
}

/** All that can be read. */
const allOf = async (store: Store, now: number): Promise<unknown> => {
  const answers = ['k1', 'k2', 'k3'].map((key) => ({ caller: 'a caller', key }))
  const ids = ['ada', 'bob'] as CartId[]
  const loaded = await Promise.all(ids.map((id) => store.load(id, answers)))
  return {
    carts: loaded.map(({ cart }) => cart),
    answers: loaded.map((l) => l.answers.toSorted((a, b) => (a.key < b.key ? -1 : 1))),
    older: await Promise.all(ids.map((id) => store.loadOlder(id, toItemId('tea')))),
    journal: await Promise.all(ids.map((id) => store.readJournal(id, 0, 1_000))),
    jobs: await Promise.all(jobIds.map((id) => store.findJob(id))),
    buried: await store.listBuried(null, 100),
    counts: await store.countJobs(now),
  }
}

const agree = async (open: OpenStore, numRuns: number): Promise<void> => {
  const steps = fc.array(step, { minLength: 5, maxLength: 60, size: 'max' })
  const property = fc.asyncProperty(steps, async (all) => {
    await using memory = await openFreshMemoryStore()
    await using store = await open()
    let now = noon
    for (const next of all) {
      now += 7
      assert.deepEqual(await take(store, now, next), await take(memory, now, next))
      assert.deepEqual(await allOf(store, now), await allOf(memory, now))
    }
  })
  await fc.assert(property, { numRuns })
}

test('the stores in memory and in SQLite give the same results for any calls in any order', () =>
  agree(openFreshSqliteStore, 40))

test(
  'the stores in memory and in PostgreSQL give the same results for any calls in any order',
  {
    skip: postgresIsMissing(),
  },
  () => agree(openFreshPostgresStore, 12),
)
