// Which call a job needs, by what the service promises, and what its answer means.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Attempt, callService, isPlainReserve } from '../../src/application/call-service.ts'
import type { JobKind } from '../../src/domain/commands.ts'
import type { Grade, LookupOutcome } from '../../src/ports/reservation-client.ts'
import type { Job } from '../../src/ports/store.ts'
import { buildJob, noon, toHold } from '../support/store-changes.ts'
import { again, holdOf, openService, unknown } from './fake-service.ts'

const timeoutMs = 60_000
const lostAt = noon - 5_000
const held = { kind: 'reserved', holdId: holdOf('it') } as const

const toJob = (kind: JobKind, doubt: 'no doubt' | 'doubt', differently: Partial<Job> = {}): Job =>
  buildJob('r1', {
    kind,
    unknownAt: doubt === 'doubt' ? lostAt : null,
    holdId: kind === 'release' ? toHold('h') : null,
    ...differently,
  })

/** What becomes of the job when its calls are answered so, and which calls were made. */
const attempt = async (
  grade: Grade,
  job: Job,
  { reserve = held, lookup = { kind: 'missing' } as LookupOutcome, now = noon } = {},
): Promise<readonly [string, Attempt]> => {
  const { client, calls, setReply } = openService(grade)
  setReply(({ method }) => {
    if (method === 'release') return { kind: 'released' }
    return method === 'lookup' ? lookup : reserve
  })
  const result = await callService(client, job, { now, timeoutMs }, AbortSignal.timeout(10_000))
  return [calls.map(({ method }) => method).join(', then ') || 'nobody', result]
}

const withdrawn: Attempt = { kind: 'settled', outcome: { kind: 'withdrawn' } }
const made: Attempt = { kind: 'settled', outcome: held }
const notYet: Attempt = {
  kind: 'again',
  reason: 'not known to the service yet',
  retryAfterMs: 0,
  sent: 'answered',
}

const grades: readonly Grade[] = ['keyed', 'lookup', 'bare']

for (const grade of grades) {
  test(`grade ${grade}: a job that was never lost asks for a hold`, async () => {
    assert.deepEqual(await attempt(grade, toJob('reserve', 'no doubt')), ['reserve', made])
  })

  test(`grade ${grade}: a job called off whose calls were all answered calls nobody`, async () => {
    assert.deepEqual(await attempt(grade, toJob('cancel', 'no doubt')), ['nobody', withdrawn])
  })

  test(`grade ${grade}: a release gives the hold back, whatever was lost before`, async () => {
    const released = { kind: 'settled', outcome: { kind: 'released' } }
    for (const doubt of ['no doubt', 'doubt'] as const) {
      assert.deepEqual(await attempt(grade, toJob('release', doubt)), ['release', released])
    }
    const nothing = toJob('release', 'no doubt', { holdId: null })
    assert.deepEqual(await attempt(grade, nothing), ['nobody', released])
  })
}

test('grade keyed: after a lost call it is asked again, also to call it off', async () => {
  for (const kind of ['reserve', 'cancel'] as const) {
    assert.deepEqual(await attempt('keyed', toJob(kind, 'doubt')), ['reserve', made])
  }
})

test('grade bare: after a lost call it is asked again, but not to call it off', async () => {
  assert.deepEqual(await attempt('bare', toJob('reserve', 'doubt')), ['reserve', made])
  assert.deepEqual(await attempt('bare', toJob('cancel', 'doubt')), ['nobody', withdrawn])
})

test('grade lookup: after a lost call it is looked up, and what is found is taken', async () => {
  const lookup = { kind: 'found', holdId: holdOf('it') } as const
  for (const kind of ['reserve', 'cancel'] as const) {
    assert.deepEqual(await attempt('lookup', toJob(kind, 'doubt'), { lookup }), ['lookup', made])
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
  assert.deepEqual(reserve, ['lookup, then reserve', made])
  const cancel = await attempt('lookup', toJob('cancel', 'doubt'), { now })
  assert.deepEqual(cancel, ['lookup', withdrawn])
})

test('grade lookup: a look-up that is lost leaves no more doubt than before', async () => {
  const job = toJob('reserve', 'doubt')
  const cases: readonly (readonly [LookupOutcome, Attempt])[] = [
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
      { kind: 'settled', outcome: { kind: 'failed', reason: '401', outcomeUnknown: true } },
    ],
  ]
  for (const [lookup, expected] of cases) {
    assert.deepEqual(await attempt('lookup', job, { lookup }), ['lookup', expected])
  }
})

test('only jobs that ask for a hold straight away can share a call', () => {
  const plain = (grade: Grade) =>
    (['reserve', 'cancel', 'release'] as const).flatMap((kind) =>
      (['no doubt', 'doubt'] as const).flatMap((doubt) =>
        isPlainReserve(toJob(kind, doubt), grade) ? [`${kind}, ${doubt}`] : [],
      ),
    )
  assert.deepEqual(plain('keyed'), ['reserve, no doubt', 'reserve, doubt', 'cancel, doubt'])
  assert.deepEqual(plain('lookup'), ['reserve, no doubt'])
  assert.deepEqual(plain('bare'), ['reserve, no doubt', 'reserve, doubt'])
})
