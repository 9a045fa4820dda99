// What operators see of jobs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
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

const none = { due: 0, scheduled: 0, leased: 0, buried: 0, oldestDueAt: null }

export const listsJobs = (open: OpenStore): void => {
  test('a job is found by its id, also while it is leased', async () => {
    await using store = await open()
    await mustCommit(store, buildChange({ jobs: { put: [buildIntent('a')] } }))
    assert.deepEqual(await store.findJob('a'), buildJob('a'))
    await store.claimJobs({ workerId: 'w', now: noon, limit: 1 })
    assert.deepEqual(await store.findJob('a'), buildJob('a', { attempts: 1 }))
    assert.equal(await store.findJob('b'), null)
    assert.equal(await store.findJob(''), null)
  })

  test('buried jobs are listed in the order of ids, page by page', async () => {
    await using store = await open()
    const ids = ['d', 'b', 'e', 'a', 'c', 'B', '10', '9']
    const put = [...ids, 'alive'].map((id) => buildIntent(id))
    await mustCommit(store, buildChange({ jobs: { put } }))
    const buried = ids.map((id) => ({ id, reason: `why ${id}` }))
    await mustCommit(store, buildChange({ on: 1, at: noon + 1, jobs: { buried } }))
    const page = async (after: string | null, limit: number) =>
      (await store.listBuried(after, limit)).map((job) => job.id)
    assert.deepEqual(await page(null, 3), ['10', '9', 'B'])
    assert.deepEqual(await page('B', 3), ['a', 'b', 'c'])
    assert.deepEqual(await page('c', 3), ['d', 'e'])
    assert.deepEqual(await page('e', 3), [])
    // The last job of a page may be deleted when the next page is read.
    assert.deepEqual(await page('bb', 1), ['c'])
    const [first] = await store.listBuried('0', 1)
    const why = { buriedAt: noon + 1, lastError: 'why 10', cartId: ada }
    assert.deepEqual(first, buildJob('10', why))
  })

  test('a fresh store has no jobs, buried or not', async () => {
    await using store = await open()
    assert.deepEqual(await store.listBuried(null, 10), [])
    assert.deepEqual(await store.countJobs(noon), none)
  })

  test('jobs are counted as due, scheduled, leased or buried, each once', async () => {
    await using store = await open()
    await putJobs(store, noon, 'leased 1', 'leased 2', 'back')
    await store.claimJobs({ workerId: 'w', now: noon, limit: 10 })
    await store.putBackJobs('w', [buildPutBack('back', { dueAt: noon + 100 })], noon)
    await putJobs(store, noon + 3, 'due 2')
    await putJobs(store, noon + 2, 'due 1')
    await putJobs(store, noon + 4, 'due 3')
    const put = ['x1', 'x2'].map((id) => buildIntent(id))
    const buried = put.map(({ id }) => ({ id, reason: '' }))
    await mustCommit(store, buildChange({ jobs: { put, buried } }))
    const seen = { due: 3, scheduled: 1, leased: 2, buried: 2, oldestDueAt: noon + 2 }
    assert.deepEqual(await store.countJobs(noon + 4), seen)
    assert.deepEqual(await store.countJobs(noon), {
      ...seen,
      due: 0,
      scheduled: 4,
      oldestDueAt: null,
    })
    assert.deepEqual(await store.countJobs(noon + 100), { ...seen, due: 4, scheduled: 0 })
  })
}
