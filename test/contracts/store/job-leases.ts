// Jobs are leased to workers, put back by them, and taken back from those whose heartbeat stopped.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PutBack, Store } from '../../../src/ports/store.ts'
import { buildJob, buildPutBack, noon, putJobs } from '../../support/store-changes.ts'
import type { OpenStore } from '../../support/store-folders.ts'

export const leasesJobs = (open: OpenStore): void => {
  claims(open)
  putsBack(open)
  takesBack(open)
}

const claim = async (store: Store, now: number, limit = 100, workerId = 'w') =>
  (await store.claimJobs({ workerId, now, limit })).map((job) => job.id)

const claims = (open: OpenStore): void => {
  test('a claim leases jobs that are due, and no others', async () => {
    await using store = await open()
    await putJobs(store, noon, 'now')
    await putJobs(store, noon + 1, 'soon')
    assert.deepEqual(await claim(store, noon - 1), [])
    assert.deepEqual(await claim(store, noon), ['now'])
    assert.deepEqual(await claim(store, noon), [])
    assert.deepEqual(await claim(store, noon + 1), ['soon'])
  })

  test('a claim takes the oldest jobs first, in their order, and no more than its limit', async () => {
    await using store = await open()
    for (const [id, at] of [
      ['e', 5],
      ['c', 3],
      ['a', 4],
      ['z', 1],
      ['b', 2],
    ] as const) {
      await putJobs(store, noon + at, id)
    }
    assert.deepEqual(await claim(store, noon + 9, 2), ['z', 'b'])
    assert.deepEqual(await claim(store, noon + 9, 2), ['c', 'a'])
    assert.deepEqual(await claim(store, noon + 9, 2), ['e'])
    assert.deepEqual(await claim(store, noon + 9, 2), [])
  })

  test('a claim counts an attempt and returns the job as it is now', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    const cartId = 'cart of a' as never
    for (const attempts of [1, 2, 3]) {
      const [job] = await store.claimJobs({ workerId: 'w', now: noon, limit: 1 })
      assert.deepEqual(job, buildJob('a', { cartId, attempts }))
      assert.deepEqual(await store.findJob('a'), job)
      await store.putBackJobs('w', [buildPutBack('a')], noon)
    }
  })

  test('10 concurrent claims lease no job twice', async () => {
    await using store = await open()
    const ids = Array.from({ length: 60 }, (_, index) => `j${index}`)
    await putJobs(store, noon, ...ids)
    const workers = Array.from({ length: 10 }, (_, index) => `w${index}`)
    const claimed = await Promise.all(workers.map((id) => claim(store, noon, 5, id)))
    assert.deepEqual(
      claimed.map((got) => got.length),
      workers.map(() => 5),
    )
    assert.equal(new Set(claimed.flat()).size, 50)
    const rest = await Promise.all(workers.map((id) => claim(store, noon, 5, id)))
    assert.deepEqual([...claimed, ...rest].flat().sort(), ids.sort())
  })
}

const putsBack = (open: OpenStore): void => {
  /** Job `a` after a claim and one put back at noon + 5, as it is then. */
  const after = async (store: Store, how: Partial<PutBack>) => {
    await claim(store, noon + 3)
    await store.putBackJobs('w', [buildPutBack('a', how)], noon + 5)
    return store.findJob('a')
  }
  const cartId = 'cart of a' as never

  test('a job put back as uncounted has no further attempt counted', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    const job = await after(store, { attempt: 'uncounted', dueAt: noon + 9, lastError: 'shut' })
    assert.deepEqual(job, buildJob('a', { cartId, dueAt: noon + 9, lastError: 'shut' }))
  })

  test('a job put back as answered keeps its attempt, and its outcome is known', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    const job = await after(store, { attempt: 'answered', dueAt: noon + 9, lastError: '503' })
    const back = { attempts: 1, dueAt: noon + 9, lastError: '503' }
    assert.deepEqual(job, buildJob('a', { cartId, ...back }))
  })

  test('a job put back as unknown keeps that time, also after known outcomes', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    const job = await after(store, { attempt: 'unknown', lastError: 'reset' })
    const lost = { attempts: 1, unknownAt: noon + 5, lastError: 'reset' }
    assert.deepEqual(job, buildJob('a', { cartId, ...lost }))
    const answered = await after(store, { attempt: 'answered', lastError: '503' })
    const again = { attempts: 2, unknownAt: noon + 5, lastError: '503' }
    assert.deepEqual(answered, buildJob('a', { cartId, ...again }))
    const uncounted = await after(store, { attempt: 'uncounted', lastError: null })
    assert.deepEqual(uncounted, answered)
    await claim(store, noon + 3)
    const lostAgain = buildPutBack('a', { attempt: 'unknown' })
    await store.putBackJobs('w', [lostAgain], noon + 50)
    assert.equal((await store.findJob('a'))?.unknownAt, noon + 50)
  })

  test('a job put back is claimed again when it is due', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    await after(store, { dueAt: noon + 100 })
    assert.deepEqual(await claim(store, noon + 99), [])
    assert.deepEqual(await claim(store, noon + 100), ['a'])
  })

  test('jobs that a worker has not leased are skipped when it puts them back', async () => {
    await using store = await open()
    await putJobs(store, noon, 'mine', 'free')
    await putJobs(store, noon - 1, 'yours')
    assert.deepEqual(await claim(store, noon, 1, 'you'), ['yours'])
    assert.deepEqual(await claim(store, noon, 2, 'me'), ['free', 'mine'])
    await store.putBackJobs('me', [buildPutBack('free')], noon)
    const before = await Promise.all(['free', 'yours'].map((id) => store.findJob(id)))
    const all = ['gone', 'free', 'yours', 'mine'].map((id) =>
      buildPutBack(id, { dueAt: noon + 7, attempt: 'unknown', lastError: 'late' }),
    )
    await store.putBackJobs('me', all, noon + 5)
    const now = await Promise.all(['free', 'yours'].map((id) => store.findJob(id)))
    assert.deepEqual(now, before)
    assert.equal(await store.findJob('gone'), null)
    const mine = await store.findJob('mine')
    assert.deepEqual([mine?.dueAt, mine?.lastError], [noon + 7, 'late'])
    assert.equal((await store.countJobs(noon)).leased, 1)
  })
}

const takesBack = (open: OpenStore): void => {
  const leaseMs = 1_000

  test('jobs of a worker without heartbeat are put back, due at once, their outcome unknown', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a', 'b')
    await store.beat('silent', noon, leaseMs)
    assert.equal((await claim(store, noon, 2, 'silent')).length, 2)
    assert.equal(await store.beat('w', noon + leaseMs - 1, leaseMs), 0)
    assert.deepEqual(await claim(store, noon + leaseMs - 1), [])
    const now = noon + leaseMs
    assert.equal(await store.beat('w', now, leaseMs), 2)
    const job = await store.findJob('a')
    const cartId = 'cart of a,b' as never
    const back = { attempts: 1, dueAt: now, unknownAt: now }
    assert.deepEqual(job, buildJob('a', { cartId, ...back }))
    assert.deepEqual(await claim(store, now), ['a', 'b'])
    assert.equal(await store.beat('w', now, leaseMs), 0)
  })

  test('a worker with a heartbeat keeps its jobs', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    await store.beat('alive', noon, leaseMs)
    await claim(store, noon, 1, 'alive')
    for (let now = noon; now < noon + 5 * leaseMs; now += leaseMs / 2) {
      assert.equal(await store.beat('alive', now, leaseMs), 0)
      assert.equal(await store.beat('w', now, leaseMs), 0)
    }
    assert.equal((await store.countJobs(noon)).leased, 1)
    await store.putBackJobs('alive', [buildPutBack('a', { lastError: 'mine' })], noon)
    assert.equal((await store.findJob('a'))?.lastError, 'mine')
  })

  test('a worker that returns after its jobs were taken back starts without jobs', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    await store.beat('silent', noon, leaseMs)
    await claim(store, noon, 1, 'silent')
    const now = noon + 2 * leaseMs
    assert.equal(await store.beat('w', now, leaseMs), 1)
    assert.equal(await store.beat('silent', now + 1, leaseMs), 0)
    assert.equal((await store.countJobs(now)).leased, 0)
    const before = await store.findJob('a')
    await store.putBackJobs('silent', [buildPutBack('a', { lastError: 'late' })], now + 2)
    assert.deepEqual(await store.findJob('a'), before)
    assert.deepEqual(await claim(store, now + 2, 9, 'silent'), ['a'])
  })

  test('jobs of a worker that never sent a heartbeat are taken back', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    await claim(store, noon, 1, 'mute')
    assert.equal(await store.beat('w', noon + 1, leaseMs), 1)
    assert.deepEqual(await claim(store, noon + 1), ['a'])
  })

  test('a beat leaves jobs that no worker has leased as they are', async () => {
    await using store = await open()
    await putJobs(store, noon, 'a')
    const before = await store.findJob('a')
    assert.equal(await store.beat('w', noon + 10 * leaseMs, leaseMs), 0)
    assert.deepEqual(await store.findJob('a'), before)
  })
}
