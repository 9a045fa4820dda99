// Releasing holds, and looking up whether one was made.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answering, calm, connect, holdOf, keyOf } from './odd-service.ts'

const releaseAt = async (status: number, holdId = '17') => {
  await using service = await answering(status, '{}')
  await using client = connect(service.url)
  const outcome = await client.release(keyOf('k'), holdOf(holdId), calm())
  return { outcome, call: service.calls[0] }
}

test('a release names the hold in its path, and carries the same key and no body', async () => {
  const { call } = await releaseAt(200)
  assert.deepEqual([call?.method, call?.path, call?.body], ['DELETE', '/reserve/17', ''])
  assert.equal(call?.headers['idempotency-key'], 'k')
  assert.equal(call?.headers['content-type'], undefined)
})

test('hold ids are escaped in paths, so that none can name another resource', async () => {
  const ids = { 'a/../b?c#d': 'a%2F..%2Fb%3Fc%23d', 'x y': 'x%20y', '💡%': '%F0%9F%92%A1%25' }
  for (const [id, escaped] of Object.entries(ids)) {
    assert.equal((await releaseAt(200, id)).call?.path, `/reserve/${escaped}`)
  }
})

test('a release that is answered with any 2xx, 404 or 410 has released the hold', async () => {
  for (const status of [200, 202, 204, 404, 410]) {
    assert.deepEqual((await releaseAt(status)).outcome, { kind: 'released' }, String(status))
  }
})

test('a release is rejected or tried again, by the status of its answer', async () => {
  for (const status of [400, 401, 403, 405, 409, 415, 422, 501]) {
    assert.equal((await releaseAt(status)).outcome.kind, 'rejected', String(status))
  }
  for (const status of [302, 408, 425, 429, 500, 502, 503]) {
    assert.equal((await releaseAt(status)).outcome.kind, 'again', String(status))
  }
})

const lookUpAt = async (status: number, body = '{"reservation_id": 17}') => {
  await using service = await answering(status, body)
  await using client = connect(service.url, { grade: 'lookup' })
  const outcome = await client.lookup(keyOf('k&x=1'), calm())
  return { outcome, call: service.calls[0] }
}

test('a look-up has the key of the reservation as its reference', async () => {
  const { call } = await lookUpAt(200)
  assert.deepEqual([call?.method, call?.path], ['GET', '/reserve?reference=k%26x%3D1'])
})

test('a look-up is found, missing, unknown, rejected or again, by its answer', async () => {
  assert.deepEqual((await lookUpAt(200)).outcome, { kind: 'found', holdId: '17' })
  assert.deepEqual((await lookUpAt(404, '')).outcome, { kind: 'missing' })
  for (const body of ['', '{}', '[]', '{"reservation_id": null}', '{"reservation_id": ""}']) {
    assert.equal((await lookUpAt(200, body)).outcome.kind, 'unknown', body)
  }
  const others = { 400: 'rejected', 401: 'rejected', 409: 'rejected', 410: 'rejected' }
  for (const [status, kind] of Object.entries(others)) {
    assert.equal((await lookUpAt(Number(status))).outcome.kind, kind, status)
  }
  for (const status of [302, 429, 500, 503]) {
    assert.equal((await lookUpAt(status)).outcome.kind, 'again', String(status))
  }
})
