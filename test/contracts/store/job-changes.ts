// What a change does to jobs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job, JobChanges, Store } from '../../../src/ports/store.ts'
import {
  bob,
  buildChange,
  buildIntent,
  buildJob,
  buildPutBack,
  buildRelease,
  buildReleaseJob,
  mustCommit,
  noon,
  toHold,
  toKey,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

const later = noon + 500

export const changesJobs = (open: OpenStore): void => {
  puts(open)
  callsOff(open)
  buries(open)
  keepsOrder(open)
}

const first = (store: Store, jobs: Partial<JobChanges>) => mustCommit(store, buildChange({ jobs }))
/** The second change of the cart, later. */
const then = (store: Store, jobs: Partial<JobChanges>) =>
  mustCommit(store, buildChange({ on: 1, at: later, jobs }))

/** Job `a`, with a worker that has it. */
const leased = async (store: Store, workerId = 'w'): Promise<void> => {
  await first(store, { put: [buildIntent('a')] })
  await store.beat(workerId, noon, 1_000)
  assert.equal((await store.claimJobs({ workerId, now: noon, limit: 1 })).length, 1)
}

/** Job `a`, buried after a call whose answer was lost. */
const buried = async (store: Store): Promise<void> => {
  await leased(store)
  const lost = buildPutBack('a', { attempt: 'unknown', lastError: 'lost' })
  await store.putBackJobs('w', [lost], noon + 1)
  await then(store, { buried: [{ id: 'a', reason: 'no use' }] })
}

const claimedBy = async (store: Store, workerId: string, now: number): Promise<readonly Job[]> =>
  store.claimJobs({ workerId, now, limit: 100 })

const puts = (open: OpenStore): void => {
  test('an intent that is put becomes a job, due at once and never tried', async () => {
    await using store = await open()
    const release = {
      key: toKey('r ü'),
      quantity: 7,
      holdId: toHold('h "1"'),
    }
    const change = { put: [buildIntent('a'), buildRelease('a.release', release)] }
    await mustCommit(store, buildChange({ cartId: bob, at: later, jobs: change }))
    const made = { cartId: bob, createdAt: later, dueAt: later }
    assert.deepEqual(await store.findJob('a'), buildJob('a', made))
    assert.deepEqual(
      await store.findJob('a.release'),
      buildReleaseJob('a.release', { ...made, ...release }),
    )
  })

  test('a second put of a job with the same id changes nothing', async () => {
    await using store = await open()
    await leased(store)
    const before = await store.findJob('a')
    await then(store, { put: [buildRelease('a', { quantity: 9 })] })
    assert.deepEqual(await store.findJob('a'), before)
    assert.equal((await store.countJobs(later)).leased, 1)
  })

  test('a job that is finished is deleted', async () => {
    await using store = await open()
    await first(store, { put: [buildIntent('a'), buildIntent('b')] })
    await then(store, { finished: ['a'] })
    assert.equal(await store.findJob('a'), null)
    assert.deepEqual(await store.findJob('b'), buildJob('b'))
  })

  test('a job can be put again once it is finished', async () => {
    await using store = await open()
    await leased(store)
    await then(store, { finished: ['a'] })
    await mustCommit(store, buildChange({ on: 2, at: later, jobs: { put: [buildIntent('a')] } }))
    assert.deepEqual(await store.findJob('a'), buildJob('a', { createdAt: later, dueAt: later }))
  })
}

const callsOff = (open: OpenStore): void => {
  test('a job that is cancelled becomes of kind cancel and keeps its due time', async () => {
    await using store = await open()
    await leased(store)
    await store.putBackJobs('w', [buildPutBack('a', { dueAt: later + 9 })], noon)
    await then(store, { cancelled: ['a'] })
    const cancelled = buildJob('a', { kind: 'cancel', dueAt: later + 9, attempts: 1 })
    assert.deepEqual(await store.findJob('a'), cancelled)
  })

  test('a job that is cancelled under way stays with its worker', async () => {
    await using store = await open()
    await leased(store)
    await then(store, { cancelled: ['a'] })
    assert.deepEqual(await claimedBy(store, 'other', later), [])
    assert.equal((await store.countJobs(later)).leased, 1)
    await store.putBackJobs('w', [buildPutBack('a', { dueAt: later })], later)
    assert.deepEqual(
      (await claimedBy(store, 'other', later)).map((job) => [job.id, job.kind, job.attempts]),
      [['a', 'cancel', 2]],
    )
  })

  test('a buried job that is cancelled is back in the queue, due at once, its age counted from now', async () => {
    await using store = await open()
    await buried(store)
    await mustCommit(store, buildChange({ on: 2, at: later + 7, jobs: { cancelled: ['a'] } }))
    const at = later + 7
    const times = { dueAt: at, createdAt: at, unknownAt: noon + 1 }
    const risen = { kind: 'cancel', ...times, attempts: 1 } as const
    assert.deepEqual(await store.findJob('a'), buildJob('a', { ...risen, lastError: 'no use' }))
    assert.equal((await claimedBy(store, 'w', later + 7)).length, 1)
  })

  test('a revived job loses its lease and is in the queue again, of kind cancel, due at once', async () => {
    await using store = await open()
    await leased(store)
    await then(store, { revived: ['a'] })
    const times = { dueAt: later, createdAt: later }
    const revived = buildJob('a', { kind: 'cancel', ...times, attempts: 1 })
    assert.deepEqual(await store.findJob('a'), revived)
    await store.putBackJobs('w', [buildPutBack('a', { dueAt: later + 99 })], later)
    assert.deepEqual(await store.findJob('a'), revived)
    assert.equal((await claimedBy(store, 'other', later)).length, 1)
  })

  test('a buried job that is revived is not buried any more', async () => {
    await using store = await open()
    await buried(store)
    await mustCommit(store, buildChange({ on: 2, at: later + 7, jobs: { revived: ['a'] } }))
    const job = await store.findJob('a')
    assert.deepEqual([job?.kind, job?.buriedAt, job?.dueAt], ['cancel', null, later + 7])
    assert.equal((await claimedBy(store, 'w', later + 7)).length, 1)
  })
}

const buries = (open: OpenStore): void => {
  test('a job that is buried is out of the queue and keeps the reason', async () => {
    await using store = await open()
    await buried(store)
    const gone = { attempts: 1, unknownAt: noon + 1, lastError: 'no use', buriedAt: later }
    assert.deepEqual(await store.findJob('a'), buildJob('a', gone))
    assert.deepEqual(await claimedBy(store, 'w', later + 1_000_000), [])
    assert.equal(await store.beat('other', later + 1_000_000, 10), 0)
  })

  test('a job that is buried under way loses its lease', async () => {
    await using store = await open()
    await leased(store)
    await then(store, { buried: [{ id: 'a', reason: 'given up' }] })
    const { leased: held, buried: count } = await store.countJobs(later)
    assert.deepEqual([held, count], [0, 1])
    const before = await store.findJob('a')
    await store.putBackJobs('w', [buildPutBack('a', { lastError: 'late' })], later)
    assert.deepEqual(await store.findJob('a'), before)
  })

  test('a requeued job starts again, and keeps the time of its lost call', async () => {
    await using store = await open()
    await buried(store)
    await mustCommit(store, buildChange({ on: 2, at: later + 7, jobs: { requeued: ['a'] } }))
    const job = await store.findJob('a')
    assert.ok(job)
    const times = { createdAt: later + 7, dueAt: later + 7 }
    const restarted = buildJob('a', { ...times, unknownAt: noon + 1, lastError: job.lastError })
    assert.deepEqual(job, restarted)
    assert.deepEqual(await claimedBy(store, 'w', later + 7), [{ ...restarted, attempts: 1 }])
  })

  test('ids of unknown jobs are skipped, the rest of the change is written', async () => {
    await using store = await open()
    await first(store, { put: [buildIntent('a'), buildIntent('b')] })
    await then(store, {
      cancelled: ['gone', 'a'],
      revived: ['gone'],
      requeued: ['gone'],
      buried: [{ id: 'gone', reason: 'gone' }],
      finished: ['gone', 'b'],
    })
    assert.equal(await store.findJob('gone'), null)
    assert.deepEqual(await store.findJob('a'), buildJob('a', { kind: 'cancel' }))
    assert.equal(await store.findJob('b'), null)
  })
}

const keepsOrder = (open: OpenStore): void => {
  const put = [buildIntent('a')]
  const isBuried = { buriedAt: noon, lastError: 'no use' }
  const cases: readonly (readonly [string, Partial<JobChanges>, Job | null])[] = [
    ['put, then cancelled', { put, cancelled: ['a'] }, buildJob('a', { kind: 'cancel' })],
    ['put, then finished', { put, finished: ['a'] }, null],
    [
      'put, cancelled, then buried',
      { put, cancelled: ['a'], buried: [{ id: 'a', reason: 'no use' }] },
      buildJob('a', { ...isBuried, kind: 'cancel' }),
    ],
    [
      'put, requeued, then buried',
      { put, requeued: ['a'], buried: [{ id: 'a', reason: 'no use' }] },
      buildJob('a', isBuried),
    ],
    [
      'put, revived, requeued, buried, then finished',
      {
        put,
        revived: ['a'],
        requeued: ['a'],
        buried: [{ id: 'a', reason: 'no use' }],
        finished: ['a'],
      },
      null,
    ],
  ]
  for (const [what, jobs, left] of cases) {
    test(`in one change a job is ${what}`, async () => {
      await using store = await open()
      await first(store, jobs)
      assert.deepEqual(await store.findJob('a'), left)
    })
  }

  test('in one change an existing job is put again without effect, then finished', async () => {
    await using store = await open()
    await first(store, { put })
    await then(store, { put, finished: ['a'] })
    assert.equal(await store.findJob('a'), null)
  })

  test('in one change an existing job is requeued, then buried: its age counts from now', async () => {
    await using store = await open()
    await leased(store)
    await then(store, { requeued: ['a'], buried: [{ id: 'a', reason: 'no use' }] })
    const times = { createdAt: later, dueAt: later, buriedAt: later }
    assert.deepEqual(await store.findJob('a'), buildJob('a', { ...times, lastError: 'no use' }))
  })

  test('in one change a buried job is cancelled, then buried again', async () => {
    await using store = await open()
    await buried(store)
    const jobs = { cancelled: ['a'], buried: [{ id: 'a', reason: 'still no use' }] }
    await mustCommit(store, buildChange({ on: 2, at: later + 7, jobs }))
    const job = await store.findJob('a')
    assert.deepEqual([job?.kind, job?.attempts, job?.createdAt], ['cancel', 1, later + 7])
    assert.deepEqual([job?.buriedAt, job?.lastError], [later + 7, 'still no use'])
  })
}
