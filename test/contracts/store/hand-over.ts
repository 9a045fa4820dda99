// Jobs are handed to a queue, leased by the ids that come out of it, and taken back when no worker leased them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HandOverStore, Store } from '../../../src/ports/store.ts'
import {
  ada,
  buildChange,
  buildIntent,
  buildJob,
  buildPutBack,
  mustCommit,
  noon,
  putJobs,
} from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

type Handing = Store & { readonly handOver: HandOverStore }

export const handsJobsOver = (open: OpenStore): void => {
  const openHanding = async (): Promise<Handing> => {
    const store = await open()
    assert.ok(store.handOver !== null)
    return store as Handing
  }
  hands(openHanding)
  handsAgain(openHanding)
  claimsHanded(openHanding)
  takesBackHanded(openHanding)
}

type Open = () => Promise<Handing>

const claim = async (store: Store, now: number, limit = 100, workerId = 'w') =>
  (await store.claimJobs({ workerId, now, limit })).map((job) => job.id)

const claimHanded = async (store: Handing, now: number, ids: readonly string[], workerId = 'w') =>
  (await store.handOver.claimHandedJobs({ workerId, now, ids })).map((job) => job.id)

const hands = (open: Open): void => {
  test('a job is handed over once, when it is due and no sooner', async () => {
    await using store = await open()
    await putJobs(store, noon, 'now')
    await putJobs(store, noon + 1, 'soon')
    assert.deepEqual(await store.handOver.handOverJobs(noon - 1, 9), [])
    assert.deepEqual(await store.handOver.handOverJobs(noon, 9), ['now'])
    assert.deepEqual(await store.handOver.handOverJobs(noon, 9), [])
    assert.deepEqual(await store.handOver.handOverJobs(noon + 1, 9), ['soon'])
  })

  test('the oldest jobs are handed over first, in their order, no more than the limit', async () => {
    await using store = await open()
    for (const [id, at] of [
      ['e', 5],
      ['c', 3],
      ['d', 4],
      ['a', 4],
      ['z', 1],
    ] as const) {
      await putJobs(store, noon + at, id)
    }
    assert.deepEqual(await store.handOver.handOverJobs(noon + 9, 2), ['z', 'c'])
    assert.deepEqual(await store.handOver.handOverJobs(noon + 9, 2), ['a', 'd'])
    assert.deepEqual(await store.handOver.handOverJobs(noon + 9, 2), ['e'])
  })

  test('a job that was handed over is not leased by a claim that does not name it', async () => {
    await using store = await open()
    await putJobs(store, noon, 'handed', 'kept')
    assert.deepEqual(await store.handOver.handOverJobs(noon, 1), ['handed'])
    assert.deepEqual(await claim(store, noon), ['kept'])
  })

  test('leased and buried jobs are not handed over', async () => {
    await using store = await open()
    const put = ['leased', 'buried', 'free'].map((id) => buildIntent(id))
    await mustCommit(store, buildChange({ jobs: { put } }))
    await store.handOver.claimHandedJobs({ workerId: 'w', now: noon, ids: ['leased'] })
    const buried = [{ id: 'buried', reason: 'no use' }]
    await mustCommit(store, buildChange({ on: 1, jobs: { buried } }))
    assert.deepEqual(await store.handOver.handOverJobs(noon, 9), ['free'])
  })

  test('10 concurrent hand-overs hand no job over twice', async () => {
    await using store = await open()
    const ids = Array.from({ length: 60 }, (_, index) => `j${index}`)
    await putJobs(store, noon, ...ids)
    const handed = await Promise.all(
      Array.from({ length: 10 }, () => store.handOver.handOverJobs(noon, 5)),
    )
    assert.equal(new Set(handed.flat()).size, handed.flat().length)
    const rest = await store.handOver.handOverJobs(noon, 100)
    assert.deepEqual([...handed.flat(), ...rest].sort(), ids.sort())
  })

  test('a job that was handed over is still counted as due', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a', 'b')
    const before = await store.countJobs(noon)
    await store.handOver.handOverJobs(noon, 1)
    assert.deepEqual(await store.countJobs(noon), before)
    assert.deepEqual([before.due, before.oldestDueAt], [2, noon])
  })
}

const handsAgain = (open: Open): void => {
  test('jobs put back after they were handed over are handed over again', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    await store.handOver.handOverJobs(noon, 9)
    assert.deepEqual(await claimHanded(store, noon, ['a']), ['a'])
    await store.putBackJobs('w', [buildPutBack('a', { dueAt: noon + 5 })], noon)
    assert.deepEqual(await store.handOver.handOverJobs(noon + 4, 9), [])
    assert.deepEqual(await store.handOver.handOverJobs(noon + 5, 9), ['a'])
  })

  test('jobs of a worker without heartbeat are handed over again', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    await store.handOver.handOverJobs(noon, 9)
    await store.beat('silent', noon, 1_000)
    assert.deepEqual(await claimHanded(store, noon, ['a'], 'silent'), ['a'])
    assert.equal(await store.beat('w', noon + 1_000, 1_000), 1)
    assert.deepEqual(await store.handOver.handOverJobs(noon + 1_000, 9), ['a'])
  })
}

const claimsHanded = (open: Open): void => {
  test('a claim of handed jobs leases them, counts an attempt and returns them', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    const cartId = 'cart of a' as never
    for (const attempts of [1, 2]) {
      await store.handOver.handOverJobs(noon, 9)
      const jobs = await store.handOver.claimHandedJobs({ workerId: 'w', now: noon, ids: ['a'] })
      assert.deepEqual(jobs, [buildJob('a', { cartId, attempts })])
      assert.deepEqual(await store.findJob('a'), jobs[0])
      assert.equal((await store.countJobs(noon)).leased, 1)
      await store.putBackJobs('w', [buildPutBack('a')], noon)
    }
  })

  test('a claim of handed jobs returns the oldest first, in whatever order it names them', async () => {
    await using store = await open()
    for (const [id, at] of [
      ['b', 2],
      ['a', 3],
      ['d', 1],
      ['c', 2],
    ] as const) {
      await putJobs(store, noon + at, id)
    }
    await store.handOver.handOverJobs(noon + 9, 9)
    const claimed = await claimHanded(store, noon + 9, ['a', 'b', 'c', 'd'])
    assert.deepEqual(claimed, ['d', 'b', 'c', 'a'])
  })

  test('a claim by ids leases only jobs that are free and due, handed over or not', async () => {
    await using store = await open()
    const put = ['handed', 'never handed', 'leased', 'buried', 'other'].map((id) => buildIntent(id))
    await mustCommit(store, buildChange({ jobs: { put } }))
    await putJobs(store, noon + 1, 'soon')
    await claimHanded(store, noon, ['leased'], 'another')
    const buried = [{ id: 'buried', reason: 'no use' }]
    await mustCommit(store, buildChange({ on: 1, jobs: { buried } }))
    assert.deepEqual(await store.handOver.handOverJobs(noon, 1), ['handed'])
    const ids = ['gone', 'handed', 'handed', 'never handed', 'leased', 'buried', 'soon', '']
    assert.deepEqual(await claimHanded(store, noon, ids), ['handed', 'never handed'])
    assert.deepEqual(await claimHanded(store, noon, ids), [])
    assert.deepEqual(await claimHanded(store, noon, []), [])
    assert.equal((await store.findJob('leased'))?.attempts, 1)
    assert.deepEqual(await claim(store, noon), ['other'])
  })

  test('a job whose hint reaches 10 workers at once is leased by one', async () => {
    await using store = await open()
    const ids = Array.from({ length: 20 }, (_, index) => `j${index}`)
    await putJobs(store, noon, ...ids)
    await store.handOver.handOverJobs(noon, 100)
    const workers = Array.from({ length: 10 }, (_, index) => `w${index}`)
    const claimed = await Promise.all(workers.map((id) => claimHanded(store, noon, ids, id)))
    assert.deepEqual(claimed.flat().sort(), ids.sort())
    const jobs = await Promise.all(ids.map((id) => store.findJob(id)))
    assert.ok(jobs.every((job) => job?.attempts === 1))
  })

  test('a job that was handed over, leased and put back is found by an ordinary claim', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    await store.handOver.handOverJobs(noon, 9)
    await claimHanded(store, noon, ['a'])
    assert.equal(await store.handOver.takeBackHandedJobs(noon + 9), 0)
    await store.putBackJobs('w', [buildPutBack('a')], noon)
    assert.deepEqual(await claim(store, noon), ['a'])
  })
}

const takesBackHanded = (open: Open): void => {
  test('jobs handed over before a time are taken back, and can be claimed as before', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a', 'b')
    const before = await store.findJob('a')
    await store.handOver.handOverJobs(noon, 1)
    await store.handOver.handOverJobs(noon + 1, 1)
    assert.equal(await store.handOver.takeBackHandedJobs(noon), 0)
    assert.equal(await store.handOver.takeBackHandedJobs(noon + 1), 1)
    assert.deepEqual(await store.findJob('a'), before)
    assert.deepEqual(await claim(store, noon + 1), ['a'])
    assert.equal(await store.handOver.takeBackHandedJobs(noon + 2), 1)
    assert.equal(await store.handOver.takeBackHandedJobs(noon + 2), 0)
    assert.deepEqual(await store.handOver.handOverJobs(noon + 2, 9), ['b'])
  })

  test('a job that is cancelled while it is handed over stays handed over', async () => {
    await using store = await open()
    await mustCommit(store, buildChange({ jobs: { put: [buildIntent('a')] } }))
    await store.handOver.handOverJobs(noon, 9)
    await mustCommit(store, buildChange({ on: 1, jobs: { cancelled: ['a'] } }))
    assert.deepEqual(await claim(store, noon), [])
    const [job] = await store.handOver.claimHandedJobs({ workerId: 'w', now: noon, ids: ['a'] })
    assert.deepEqual(job, buildJob('a', { cartId: ada, kind: 'cancel', attempts: 1 }))
  })

  for (const step of ['revived', 'requeued'] as const) {
    test(`a job that is ${step} while it is handed over can be claimed by any worker`, async () => {
      await using store = await open()
      await mustCommit(store, buildChange({ jobs: { put: [buildIntent('a')] } }))
      await store.handOver.handOverJobs(noon, 9)
      await mustCommit(store, buildChange({ on: 1, jobs: { [step]: ['a'] } }))
      assert.deepEqual(await claim(store, noon), ['a'])
    })
  }

  test('a job that is buried or finished while it is handed over is not taken back', async () => {
    await using store = await open()
    const put = ['a', 'b'].map((id) => buildIntent(id))
    await mustCommit(store, buildChange({ jobs: { put } }))
    await store.handOver.handOverJobs(noon, 9)
    const jobs = { buried: [{ id: 'a', reason: 'no use' }], finished: ['b'] }
    await mustCommit(store, buildChange({ on: 1, jobs }))
    assert.equal(await store.handOver.takeBackHandedJobs(noon + 9), 0)
    assert.deepEqual(await claimHanded(store, noon, ['a', 'b']), [])
  })
}
