import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FailedAttempt, type RetryPolicy, retry } from '../../src/domain/reservation/retry.ts'

const policy: RetryPolicy = { baseMs: 500, capMs: 15_000, giveUpAfterMs: 3_600_000 }
const almostOne = 1 - Number.EPSILON
const attempt = (differently: Partial<FailedAttempt>): FailedAttempt => ({
  since: 0,
  attempts: 1,
  at: 1_000,
  retryAfterMs: 0,
  random: almostOne,
  ...differently,
})
const waitMs = (differently: Partial<FailedAttempt>): number => {
  const again = retry(policy, attempt(differently))
  assert.equal(again.kind, 'again')
  return again.kind === 'again' ? again.dueAt - 1_000 : Number.NaN
}

test('the upper bound of the wait doubles with every attempt, up to the cap', () => {
  const bounds = [1, 2, 3, 4, 5, 6, 7, 40, 1_000_000].map((attempts) => waitMs({ attempts }))
  assert.deepEqual(bounds, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000])
})

test('the wait is drawn evenly between zero and the upper bound', () => {
  const waits = [0, 0.25, 0.5, almostOne].map((random) => waitMs({ attempts: 3, random }))
  assert.deepEqual(waits, [0, 500, 1_000, 2_000])
})

test('Retry-After is the minimum wait before a retry, even above the cap', () => {
  assert.equal(waitMs({ retryAfterMs: 60_000 }), 60_000)
  assert.equal(waitMs({ attempts: 6, retryAfterMs: 100 }), 15_000)
})

test('a job is given up when its time is over, not before', () => {
  const late = attempt({ since: 1_000, at: 1_000 + policy.giveUpAfterMs })
  assert.deepEqual(retry(policy, late), { kind: 'give-up' })
  assert.equal(retry(policy, { ...late, at: late.at - 1 }).kind, 'again')
  assert.deepEqual(retry(policy, { ...late, retryAfterMs: 60_000 }), { kind: 'give-up' })
})

test('a retry is never due before now, never later than the bound or Retry-After', () => {
  const some = fc.record({
    since: fc.nat(),
    attempts: fc.nat(),
    at: fc.nat(),
    retryAfterMs: fc.nat(100_000),
    random: fc.double({ min: 0, max: almostOne, noNaN: true }),
  })
  fc.assert(
    fc.property(some, (failed) => {
      const next = retry(policy, failed)
      if (next.kind === 'give-up') return failed.at - failed.since >= policy.giveUpAfterMs
      const waited = next.dueAt - failed.at
      const most = Math.max(failed.retryAfterMs, policy.capMs)
      return Number.isInteger(next.dueAt) && waited >= failed.retryAfterMs && waited <= most
    }),
  )
})
