// Many reservations in one call, each with its own outcome.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSimulator } from '../../../simulator/start.ts'
import { answering, calm, connect, wanted } from './odd-service.ts'

const three = [wanted('a', 1), wanted('b', 2), wanted('c', 3)]
const answer = (results: unknown) => JSON.stringify({ results })

const reserveAt = async (status: number, body: string, headers = {}) => {
  await using service = await answering(status, body, headers)
  await using client = connect(service.url)
  const outcomes = await client.reserveBatch(three, calm())
  return { outcomes, kinds: outcomes.map((o) => o.kind), calls: service.calls }
}

test('a batch call carries all requests, with their keys as references', async () => {
  const { calls } = await reserveAt(200, answer([]))
  const [call] = calls
  assert.deepEqual([call?.method, call?.path], ['POST', '/reserve/batch'])
  assert.deepEqual(JSON.parse(call?.body ?? ''), {
    reservations: [
      { item: 'lamp', quantity: 1, reference: 'a' },
      { item: 'lamp', quantity: 2, reference: 'b' },
      { item: 'lamp', quantity: 3, reference: 'c' },
    ],
  })
})

test('outcomes of a batch are in the order of the requests, not of the answer', async () => {
  const { outcomes } = await reserveAt(
    200,
    answer([
      { reference: 'c', reservation_id: 'third' },
      { reference: 'x', reservation_id: 'whose' },
      { reference: 'b', error: { status: 409 } },
      { reference: 'a', reservation_id: 1 },
    ]),
  )
  assert.deepEqual(outcomes, [
    { kind: 'reserved', holdId: '1' },
    { kind: 'refused', reason: 'answered 409' },
    { kind: 'reserved', holdId: 'third' },
  ])
})

test('the status of each error in a batch is read by the table of single calls', async () => {
  const statuses = [
    [410, 'refused'],
    [422, 'refused'],
    [400, 'rejected'],
    [501, 'rejected'],
    [429, 'again'],
    [500, 'again'],
    [302, 'again'],
    [200, 'unknown'],
  ] as const
  for (const [status, kind] of statuses) {
    const { kinds } = await reserveAt(200, answer([{ reference: 'a', error: { status } }]))
    assert.equal(kinds[0], kind, String(status))
  }
})

test('a reference in a batch without a readable result has an unknown outcome', async () => {
  const results = [
    { reference: 'a' },
    { reference: 'b', error: { status: '409' } },
    { reference: 'c', error: null },
  ]
  assert.deepEqual((await reserveAt(200, answer(results))).kinds, ['unknown', 'unknown', 'unknown'])
  const one = answer([{ reference: 'b', reservation_id: 2 }])
  assert.deepEqual((await reserveAt(200, one)).kinds, ['unknown', 'reserved', 'unknown'])
})

test('all outcomes of a batch are unknown when the answer is no list of results', async () => {
  const bodies = ['', '{}', '[]', 'null', answer(null), answer({}), answer([null, 1, 'a', []])]
  for (const body of [...bodies, '{"results": [{"reference": "a", "reservation_id": 1}']) {
    assert.deepEqual((await reserveAt(200, body)).kinds, ['unknown', 'unknown', 'unknown'], body)
  }
})

test('the status of a whole batch call applies to each request', async () => {
  assert.deepEqual((await reserveAt(503, '')).kinds, ['again', 'again', 'again'])
  assert.deepEqual((await reserveAt(404, '')).kinds, ['rejected', 'rejected', 'rejected'])
  const { outcomes } = await reserveAt(429, '', { 'retry-after': '9' })
  for (const outcome of outcomes) {
    assert.deepEqual(outcome, {
      kind: 'again',
      reason: 'answered 429',
      retryAfterMs: 9_000,
      inDoubt: false,
    })
  }
})

test('the largest batch that can be configured is answered and understood', async () => {
  await using simulator = await startSimulator({ latencyMinMs: 0, latencyMaxMs: 0 })
  await using client = connect(new URL(simulator.url))
  const requests = Array.from({ length: 1_000 }, (_, n) =>
    wanted(`0mn8x1a2b3c4d5e6f7g8h9i0j1k2l3-${String(n).padStart(4, '0')}`),
  )
  const outcomes = await client.reserveBatch(requests, calm())
  assert.equal(outcomes.filter((o) => o.kind === 'reserved').length, 1_000)
})

test('the answer to a batch may be larger than others, but not of any size', async () => {
  const results = three.map(({ key }) => ({ reference: key, reservation_id: 1 }))
  const padded = (bytes: number) => answer(results).padEnd(bytes)
  assert.equal((await reserveAt(200, padded(65_536))).kinds[0], 'reserved')
  assert.equal((await reserveAt(200, padded(5_000_000))).kinds[0], 'unknown')
})
