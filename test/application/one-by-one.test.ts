// Commands that share writes have the same results as one by one, in the cart, apart from it, in
// the journal and among the jobs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CommandRequest } from '../../src/application/carts/command-request.ts'
import type { Cart } from '../../src/domain/cart/cart.ts'
import type { Item } from '../../src/domain/cart/item.ts'
import type { HoldId, ItemId } from '../../src/domain/ids.ts'
import type { Outcome } from '../../src/domain/reservation/job.ts'
import type { Job, Store } from '../../src/ports/store.ts'
import { ada, noon } from '../support/store-changes.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { openHandler } from './handler.ts'
import { type Asked, add, clear, remove, set, toRecord, toRequest } from './requests.ts'

const productIds = ['tea', 'cup']
const pick = fc.nat(1_000)
const outcomes = fc.constantFrom('reserved', 'refused', 'failed', 'lost', 'released', 'withdrawn')

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('add' as const),
      pick,
      units: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('set' as const), pick, units: fc.nat(9) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reserve' as const), pick }) },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('record' as const), pick, outcome: outcomes }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('requeue' as const), pick }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What the steps of a round can be about: all that there is when it begins. */
type Seen = {
  readonly items: readonly Item[]
  readonly jobs: readonly Job[]
  readonly buried: readonly Job[]
}

const see = async (store: Store): Promise<Seen> => ({
  items: (await store.load(ada, [])).cart.items,
  jobs: await store.claimJobs({ workerId: 'w', now: 2 * noon, limit: 1_000 }),
  buried: await store.listBuried(null, 1_000),
})

const pickOf = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length]

const outcomeOf = (job: Job, name: string): Outcome => {
  if (name === 'reserved') return { kind: 'reserved', holdId: `hold of ${job.key}` as HoldId }
  if (name === 'refused') return { kind: 'refused', reason: 'sold out' }
  if (name === 'released' || name === 'withdrawn') return { kind: name }
  return { kind: 'failed', reason: 'given up', outcomeUnknown: name === 'lost' }
}

const isPossible = ({ kind }: Job, name: string): boolean => {
  if (kind === 'release') return name === 'released' || name === 'failed' || name === 'lost'
  return name !== 'released' && (kind === 'cancel' || name !== 'withdrawn')
}

const toAsked = (next: Step, { items, jobs, buried }: Seen): Asked | null => {
  if (next.type === 'clear') return clear
  if (next.type === 'add') return add(next.units, pickOf(productIds, next.pick) ?? '')
  const id = pickOf(items, next.pick)?.id ?? ('none' as ItemId)
  if (next.type === 'set') return set(id, next.units)
  if (next.type === 'remove') return remove(id)
  if (next.type === 'reserve') return { type: 'reserve-item', itemId: id }
  if (next.type === 'record') {
    const possible = jobs.filter((job) => isPossible(job, next.outcome))
    const job = pickOf(possible, next.pick)
    return job === undefined ? null : toRecord(job, outcomeOf(job, next.outcome))
  }
  const job = pickOf(buried, next.pick)
  if (job === undefined) return null
  const { id: jobId, kind: jobKind, itemId, key } = job
  return { type: 'requeue-job', jobId, jobKind, itemId, key }
}

/**
 * What a job is to do and whether it is buried. Its age, attempts and last error may be those of
 * before, when it was buried or requeued and cancelled in one write.
 */
const jobsOf = async (store: Store, ids: readonly string[]) => {
  const jobs = await Promise.all(ids.map((id) => store.findJob(id)))
  return jobs.map((job) => {
    if (job === null) return null
    const { id, kind, key, itemId, quantity, unknownAt, buriedAt } = job
    const about = job.kind === 'release' ? { holdId: job.holdId } : { productId: job.productId }
    const intent = { id, kind, key, itemId, quantity, ...about }
    return { ...intent, unknownAt, isBuried: buriedAt !== null }
  })
}

const allOf = async (store: Store, items: ReadonlySet<ItemId>) => {
  const { cart } = await store.load(ada, [])
  const journal = await store.readJournal(ada, 0, 10_000)
  const keys = journal.flatMap(
    ({ event }) => JSON.stringify(event).match(/(?<="key":")[^"]+/g) ?? [],
  )
  const ids = [...new Set(keys)].flatMap((key) => [key, `${key}.release`])
  const { due, leased, buried } = await store.countJobs(2 * noon)
  return {
    cart,
    journal,
    older: await Promise.all([...items].map((id) => store.loadOlder(ada, id))),
    jobs: await jobsOf(store, ids),
    counts: { due, leased, buried },
  }
}

test('commands in one write have the same results as one by one', async () => {
  const round = fc.array(step, { maxLength: 12, size: 'max' })
  const rounds = fc.array(round, { maxLength: 12, size: 'max' })
  const property = fc.asyncProperty(rounds, async (all) => {
    const [one, other] = [await openFreshMemoryStore(), await openFreshMemoryStore()]
    const [alone, together] = [openHandler(one), openHandler(other)]
    const items = new Set<ItemId>()
    for (const steps of all) {
      const seen = await see(one)
      await see(other)
      for (const { id } of seen.items) items.add(id)
      const requests = steps.flatMap((next): CommandRequest[] => {
        const asked = toAsked(next, seen)
        return asked === null ? [] : [toRequest(asked)]
      })
      const answers: PromiseSettledResult<unknown>[] = []
      for (const request of requests) {
        answers.push(...(await Promise.allSettled([alone.handle(request)])))
      }
      const shared = await Promise.allSettled(requests.map((r) => together.handle(r)))
      assert.deepEqual(shared.map(outcome), answers.map(outcome))
      assert.deepEqual(await allOf(other, items), await allOf(one, items))
      const [warm, stored] = [await together.read(ada), (await other.load(ada, [])).cart]
      assert.deepEqual(sorted(warm), sorted(stored))
    }
  })
  await fc.assert(property, { numRuns: 200 })
})

// Reservations that depart at the same time have no order.
const sorted = (cart: Cart): Cart => ({
  ...cart,
  departing: cart.departing.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
})

const outcome = (result: PromiseSettledResult<unknown>) =>
  result.status === 'fulfilled' ? result.value : String(result.reason)
