// The kit is green against each reference as its document has it.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { ApiResult } from '../../conformance/run.ts'
import { original000 } from './original-000.ts'
import { original001 } from './original-001.ts'
import { original002 } from './original-002.ts'
import { original003 } from './original-003.ts'
import { original004 } from './original-004.ts'
import { linesOf, runKit } from './run-kit.ts'

const assertGreen = (result: ApiResult, passed: number, skipped: readonly RegExp[] = []): void => {
  assert.deepEqual(linesOf(result, 'failed'), [])
  const reasons = linesOf(result, 'skipped')
  assert.equal(reasons.length, skipped.length, reasons.join('\n'))
  for (const reason of skipped)
    assert.ok(
      reasons.some((each) => reason.test(each)),
      `${reason}`,
    )
  assert.equal(result.passed, passed)
}

const noteOf = (result: ApiResult, name: RegExp): string | null =>
  result.checks.find((check) => name.test(check.name))?.detail ?? null

test('the kit is green for reference 000: a dict of dicts', async () => {
  assertGreen(await runKit('000', original000()), 12)
})

test('the kit is green for reference 000 with one user, whose cart is not empty', async () => {
  const handler = original000()
  const add = { method: 'POST', body: undefined, headers: {}, route: '' }
  await handler({
    ...add,
    parts: ['cart', 'ada', 'apple'],
    query: new URLSearchParams({ quantity: '3' }),
  })
  assertGreen(await runKit('000', handler, { user: 'ada' }), 11, [/bound to the user ada/])
})

test('the kit is green for reference 001: rows by user and product', async () => {
  assertGreen(await runKit('001', original001()), 11)
})

test('the kit is green for reference 002 as its code has it: a query, a list', async () => {
  const result = await runKit('002', original002({ as: 'code', users: null, products: null }))
  assertGreen(result, 9, [/reads items from query/, /every user/, /every product/])
  assert.match(String(noteOf(result, /its own test/)), /a list, as its code returns/)
})

test('the kit is green for reference 002 as its test has it: JSON, a map', async () => {
  const result = await runKit('002', original002({ as: 'test', users: null, products: null }))
  assertGreen(result, 9, [/reads items from JSON/, /every user/, /every product/])
  assert.match(String(noteOf(result, /its own test/)), /a map, as its test reads/)
})

test('the kit is green for reference 002 with its own users and products', async () => {
  const products = ['apple', 'pear']
  const handler = original002({ as: 'code', users: ['ada'], products })
  const result = await runKit('002', handler, { user: 'ada', products })
  assertGreen(result, 10, [/reads items from query/, /bound to the user ada/])
})

test('the kit is green for reference 003 without anything that needs configuration', async () => {
  const result = await runKit('003', original003({ auth: null, limit: null, locking: 'none' }))
  assertGreen(result, 13, [
    /older state.*without an ETag/,
    /without a token: the server answers without a token/,
    /token that is none: the server answers without a token/,
    /of another/,
    /metrics/,
    /events/,
    /breaker/,
    /traced/,
    /too fast.*no 429 in 400 requests/,
  ])
})

test('the kit is green for reference 003 with tokens, a rate limit and optimistic locking', async () => {
  const token = 'h.p.s'
  const auth = { token, user: 'ada' }
  const handler = original003({ auth, limit: 200, locking: 'ETag' })
  const result = await runKit('003', handler, { token, user: 'ada' })
  assertGreen(result, 17, [/own: the run is bound/, /metrics/, /events/, /breaker/, /traced/])
  assert.equal(noteOf(result, /429/), 'Retry-After: 1')
})

test('the kit is green for reference 004 with a slow reservation and the paths of its curl examples', async () => {
  const paths = ['/api/v1/items']
  const handler = original004({ reservationMs: 1_200, outcome: 'RESERVED', paths })
  const result = await runKit('004', handler)
  assertGreen(result, 11, [/it has only \/api\/v1\/items/])
  assert.match(String(noteOf(result, /reservation_id once/)), /reserved after 1\.\d s/)
})

test('the kit is green for reference 004 with the paths of the exercise, without a wait', async () => {
  const paths = ['/api/v1/items', '/items']
  const handler = original004({ reservationMs: 60_000, outcome: 'RESERVED', paths })
  const result = await runKit('004', handler, { waitMs: null })
  assertGreen(result, 11, [/--no-wait/])
})
