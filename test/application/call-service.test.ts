// Which call a job needs, by what the service promises, and what its answer means.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AttemptResult,
  callService,
  planCalls,
} from '../../src/application/jobs/call-service.ts'
import type { JobKind, ReserveOutcome } from '../../src/domain/reservation/job.ts'
import type { Grade, LookupResult } from '../../src/ports/reservation-client.ts'
import type { Job } from '../../src/ports/store.ts'
import { buildJob, buildReleaseJob, noon, toHold } from '../support/store-changes.ts'
import { again, holdOf, openService, unknown } from './fake-service.ts'

const timeoutMs = 60_000
const lostAt = noon - 5_000
const held = { kind: 'reserved', holdId: holdOf('it') } as const

const toJob = (kind: JobKind, doubt: 'no doubt' | 'doubt'): Job => {
  const unknownAt = doubt === 'doubt' ? lostAt : null
  return kind === 'release'
    ? buildReleaseJob('r1', { unknownAt, holdId: toHold('h') })
    : buildJob('r1', { kind, unknownAt })
}

/** Which calls were made when they are answered so, and the result for the job. */
const attempt = async (
  grade: Grade,
  job: Job,
  { reserve = held, lookup = { kind: 'missing' } as LookupResult, now = noon } = {},
): Promise<readonly [string, AttemptResult]> => {
  const { client, calls, setReply } = openService(grade)
  setReply(({ method }) => {
    if (method === 'release') return { kind: 'released' }
    return method === 'lookup' ? lookup : reserve
  })
  const call = { kind: 'single', jobs: [job] } as const
  const signal = AbortSignal.timeout(10_000)
  const [result] = await callService(client, call, { now, timeoutMs }, signal)
  assert.ok(result)
  return [calls.map(({ method }) => method).join(', then ') || 'no call', result]
}

type RequestKind = 'reserve' | 'cancel'
const settled = (jobKind: RequestKind, outcome: ReserveOutcome): AttemptResult => ({
  kind: 'settled',
  jobKind,
  outcome,
})
const withdrawn = settled('cancel', { kind: 'withdrawn' })
const made = (jobKind: RequestKind) => settled(jobKind, held)
const notYet: AttemptResult = {
  kind: 'again',
  reason: 'not known to the service yet',
  retryAfterMs: 0,
  sent: 'answered',
}

const grades: readonly Grade[] = ['keyed', 'lookup', 'bare']

for (const grade of grades) {
  test(`grade ${grade}: a job without lost calls requests a hold`, async () => {
    assert.deepEqual(await attempt(grade, toJob('reserve', 'no doubt')), [
      'reserve',
      made('reserve'),
    ])
  })

  test(`grade ${grade}: a cancelled job without lost calls makes no call`, async () => {
    assert.deepEqual(await attempt(grade, toJob('cancel', 'no doubt')), ['no call', withdrawn])
  })

  test(`grade ${grade}: a release job releases the hold, also after lost calls`, async () => {
    const released = { kind: 'settled', jobKind: 'release', outcome: { kind: 'released' } }
    for (const doubt of ['no doubt', 'doubt'] as const) {
      assert.deepEqual(await attempt(grade, toJob('release', doubt)), ['release', released])
    }
  })
}

test('grade keyed: after a lost call the request is repeated, also to cancel it', async () => {
  for (const kind of ['reserve', 'cancel'] as const) {
    assert.deepEqual(await attempt('keyed', toJob(kind, 'doubt')), ['reserve', made(kind)])
  }
})

test('grade bare: after a lost call the request is repeated, but not to cancel it', async () => {
  assert.deepEqual(await attempt('bare', toJob('reserve', 'doubt')), ['reserve', made('reserve')])
  assert.deepEqual(await attempt('bare', toJob('cancel', 'doubt')), ['no call', withdrawn])
})

test('grade lookup: after a lost call the hold is looked up, and used when it is found', async () => {
  const lookup = { kind: 'found', holdId: holdOf('it') } as const
  for (const kind of ['reserve', 'cancel'] as const) {
    assert.deepEqual(await attempt('lookup', toJob(kind, 'doubt'), { lookup }), [
      'lookup',
      made(kind),
    ])
  }
})

test('grade lookup: a hold that is not found is not requested again while a call may be open', async () => {
  for (const kind of ['reserve', 'cancel'] as const) {
    const job = toJob(kind, 'doubt')
    for (const now of [lostAt, noon, lostAt + timeoutMs - 1]) {
      assert.deepEqual(await attempt('lookup', job, { now }), ['lookup', notYet])
    }
  }
})

test('grade lookup: a hold that is not found when no call can be open was not made', async () => {
  const now = lostAt + timeoutMs
  const reserve = await attempt('lookup', toJob('reserve', 'doubt'), { now })
  assert.deepEqual(reserve, ['lookup, then reserve', made('reserve')])
  const cancel = await attempt('lookup', toJob('cancel', 'doubt'), { now })
  assert.deepEqual(cancel, ['lookup', withdrawn])
})

test('grade lookup: a failed look-up changes nothing in what is known of the lost call', async () => {
  const job = toJob('reserve', 'doubt')
  const cases: readonly (readonly [LookupResult, AttemptResult])[] = [
    [unknown, { kind: 'again', reason: 'reset', retryAfterMs: 0, sent: 'answered' }],
    [
      again({ retryAfterMs: 9 }),
      { kind: 'again', reason: '503', retryAfterMs: 9, sent: 'answered' },
    ],
    [
      { kind: 'unsent', reason: 'open', retryAfterMs: 9 },
      { kind: 'again', reason: 'open', retryAfterMs: 9, sent: 'unsent' },
    ],
    [
      { kind: 'rejected', reason: '401' },
      settled('reserve', { kind: 'failed', reason: '401', outcomeUnknown: true }),
    ],
  ]
  for (const [lookup, expected] of cases) {
    assert.deepEqual(await attempt('lookup', job, { lookup }), ['lookup', expected])
  }
})

const sharesCalls = (job: Job, grade: Grade): boolean =>
  planCalls([job, job], grade, 2).some(({ kind }) => kind === 'batch')

test('only jobs that request a hold without a look-up can share a call', () => {
  const plain = (grade: Grade) =>
    (['reserve', 'cancel', 'release'] as const).flatMap((kind) =>
      (['no doubt', 'doubt'] as const).flatMap((doubt) =>
        sharesCalls(toJob(kind, doubt), grade) ? [`${kind}, ${doubt}`] : [],
      ),
    )
  assert.deepEqual(plain('keyed'), ['reserve, no doubt', 'reserve, doubt', 'cancel, doubt'])
  assert.deepEqual(plain('lookup'), ['reserve, no doubt'])
  assert.deepEqual(plain('bare'), ['reserve, no doubt', 'reserve, doubt'])
})
