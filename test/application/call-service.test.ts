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

/** What becomes of the job when its calls are answered so, and which calls were made. */
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
  return [calls.map(({ method }) => method).join(', then ') || 'no one', result]
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
  test(`grade ${grade}: a job that was never lost asks for a hold`, async () => {
    assert.deepEqual(await attempt(grade, toJob('reserve', 'no doubt')), [
      'reserve',
      made('reserve'),
    ])
  })

  test(`grade ${grade}: a job called off whose calls were all answered makes no call`, async () => {
    assert.deepEqual(await attempt(grade, toJob('cancel', 'no doubt')), ['no one', withdrawn])
  })

  test(`grade ${grade}: a release releases the hold, whatever was lost before`, async () => {
    const released = { kind: 'settled', jobKind: 'release', outcome: { kind: 'released' } }
    for (const doubt of ['no doubt', 'doubt'] as const) {
      assert.deepEqual(await attempt(grade, toJob('release', doubt)), ['release', released])
    }
  })
}

test('grade keyed: after a lost call it is asked again, also to call it off', async () => {
  for (const kind of ['reserve', 'cancel'] as const) {
    assert.deepEqual(await attempt('keyed', toJob(kind, 'doubt')), ['reserve', made(kind)])
  }
})

test('grade bare: after a lost call it is asked again, but not to call it off', async () => {
  assert.deepEqual(await attempt('bare', toJob('reserve', 'doubt')), ['reserve', made('reserve')])
  assert.deepEqual(await attempt('bare', toJob('cancel', 'doubt')), ['no one', withdrawn])
})

test('grade lookup: after a lost call it is looked up, and what is found is taken', async () => {
  const lookup = { kind: 'found', holdId: holdOf('it') } as const
  for (const kind of ['reserve', 'cancel'] as const) {
    assert.deepEqual(await attempt('lookup', toJob(kind, 'doubt'), { lookup }), [
      'lookup',
      made(kind),
    ])
  }
})

test('grade lookup: what is not found is not asked for while a call may be open', async () => {
  for (const kind of ['reserve', 'cancel'] as const) {
    const job = toJob(kind, 'doubt')
    for (const now of [lostAt, noon, lostAt + timeoutMs - 1]) {
      assert.deepEqual(await attempt('lookup', job, { now }), ['lookup', notYet])
    }
  }
})

test('grade lookup: what is not found after that was not made', async () => {
  const now = lostAt + timeoutMs
  const reserve = await attempt('lookup', toJob('reserve', 'doubt'), { now })
  assert.deepEqual(reserve, ['lookup, then reserve', made('reserve')])
  const cancel = await attempt('lookup', toJob('cancel', 'doubt'), { now })
  assert.deepEqual(cancel, ['lookup', withdrawn])
})

test('grade lookup: a look-up that is lost leaves no more doubt than before', async () => {
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

test('only jobs that ask for a hold straight away can share a call', () => {
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
