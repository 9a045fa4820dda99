// A change that rests on a lease is written only while the worker has the job.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../../../src/ports/store.ts'
import {
  ada,
  buildChange,
  buildFullChange,
  buildIntent,
  buildPutBack,
  everyPart,
  mustCommit,
  noon,
  partsIn,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

const lease = { jobId: 'a', workerId: 'w' }

/** Revision 1 of the cart, and job `a` with worker `w`. */
const openLeased = async (open: OpenStore): Promise<Store> => {
  const store = await open()
  await mustCommit(store, buildChange({ jobs: { put: [buildIntent('a')] } }))
  await store.beat('w', noon, 1_000)
  assert.equal((await store.claimJobs({ workerId: 'w', now: noon, limit: 1 })).length, 1)
  return store
}

const lost: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
  ['put back', (store) => store.putBackJobs('w', [buildPutBack('a')], noon)],
  [
    'taken back from a worker without heartbeat',
    (store) => store.beat('other', noon + 5_000, 1_000),
  ],
  [
    'leased by another worker',
    async (store) => {
      await store.beat('other', noon + 5_000, 1_000)
      await store.claimJobs({ workerId: 'other', now: noon + 5_000, limit: 1 })
    },
  ],
  ['finished', (store) => mustCommit(store, buildChange({ on: 1, jobs: { finished: ['a'] } }))],
]

export const restsOnLeases = (open: OpenStore): void => {
  test('a change that rests on a lease is written while the worker has the job', async () => {
    await using store = await openLeased(open)
    const change = { ...buildFullChange('x', { on: 1 }), leases: [lease] }
    const finishing = { ...change, jobs: { ...change.jobs, finished: ['a'] } }
    assert.equal(await store.commit(finishing), 'committed')
    assert.deepEqual(await partsIn(store, 'x'), [...everyPart])
    assert.equal(await store.findJob('a'), null)
  })

  for (const [what, lose] of lost) {
    test(`nothing of a change that rests on a lease is written when the job is ${what}`, async () => {
      await using store = await openLeased(open)
      await lose(store)
      const { revision } = (await store.load(ada, [])).cart
      const change = { ...buildFullChange('x', { on: revision }), leases: [lease] }
      assert.equal(await store.commit(change), 'lease-lost')
      assert.deepEqual(await partsIn(store, 'x'), [])
      assert.equal((await store.load(ada, [])).cart.revision, revision)
    })
  }

  test('nothing of a change is written when one of several leases is lost', async () => {
    await using store = await openLeased(open)
    const leases = [lease, { jobId: 'gone', workerId: 'w' }]
    const change = { ...buildFullChange('x', { on: 1 }), leases }
    assert.equal(await store.commit(change), 'lease-lost')
    assert.deepEqual(await partsIn(store, 'x'), [])
  })
}
