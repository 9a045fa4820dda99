// T4: reserved once in effect. The reservation service fails in every way it can, is away for a while, and
// the cart service is killed, stopped and paused meanwhile. What then stands in the ledger is what the carts say, as far as
// the grade of the service allows.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  addItem,
  configureSimulator,
  readMetric,
  readStats,
  untilIdle,
} from '../support/process-client.ts'
import { openFolder, until } from '../support/process-program.ts'
import { drawBetween, scaled } from '../support/process-scale.ts'
import {
  type Installation,
  openInstallation,
  startSimulatorProcess,
} from '../support/process-service.ts'
import { compareWorlds } from '../support/process-worlds.ts'

const additions = scaled(300)
const clients = 10
const users = Array.from({ length: 30 }, (_, n) => `user-${n}`)

type Grade = 'keyed' | 'lookup' | 'bare'

type Trial = {
  /** What the service is told, and what the simulator plays. */
  readonly told: Grade
  readonly played: Grade
  readonly additions: number
  readonly blows: readonly Blow[]
  readonly timeoutMs?: number
}

/** What befalls the service: an end without manners, one with, or a pause longer than its lease. */
type Blow = 'kill' | 'stop' | 'pause'

const kinds = ['kill', 'stop', 'pause'] as const
const blows = Array.from({ length: scaled(3) }, (_, n) => kinds[n % kinds.length] ?? 'kill')

// A late effect comes after the call timed out, and before the same time has passed again.
const toLate = (timeoutMs: number): number => timeoutMs * 1.5
const leaseMs = 500

const faults = {
  rate_error: 0.12,
  rate_reset_before: 0.06,
  rate_reset_after: 0.06,
  rate_hang: 0.04,
  rate_late: 0.08,
  rate_garbage: 0.06,
  rate_refuse: 0.05,
}

const healthy = Object.fromEntries(Object.keys(faults).map((name) => [name, 0]))
const away = { ...healthy, rate_error: 1 }

const serviceEnv = (simulatorUrl: string, grade: Grade, timeoutMs: number) => ({
  RESERVATION_SERVICE_URL: simulatorUrl,
  RESERVATION_SERVICE_GRADE: grade,
  RESERVATION_TIMEOUT_MS: String(timeoutMs),
  RESERVATION_RETRY_BASE_MS: '20',
  RESERVATION_RETRY_CAP_MS: '200',
  BREAKER_COOLDOWN_MS: '200',
  JOB_POLL_MS: '50',
  JOB_LEASE_MS: String(leaseMs),
})

/** Adds until the answer has come, so that every addition counts once, over kills and restarts. */
const addForSure = (url: string, n: number): Promise<unknown> =>
  until(
    `addition ${n} is answered`,
    async () => {
      const user = users[n % users.length] ?? ''
      const headers = { 'idempotency-key': `addition-${n}` }
      try {
        const { status } = await addItem(url, user, `product-${n % 70}`, {
          quantity: 1 + (n % 3),
          headers,
        })
        return status === 201
      } catch {
        return false
      }
    },
    { withinMs: 60_000, everyMs: 20 },
  )

const addAll = async ({ url }: Installation, count: number): Promise<void> => {
  let next = 0
  const run = async () => {
    while (next < count) {
      next += 1
      await addForSure(url, next)
      await sleep(drawBetween(0, 200))
    }
  }
  await Promise.all(Array.from({ length: clients }, run))
}

const disturb = async (
  { blows }: Trial,
  installation: Installation,
  simulatorUrl: string,
): Promise<void> => {
  await sleep(drawBetween(500, 1_000))
  await configureSimulator(simulatorUrl, away)
  await sleep(drawBetween(300, 700))
  await configureSimulator(simulatorUrl, faults)
  for (const blow of blows) {
    await sleep(drawBetween(300, 1_200))
    await strike(blow, installation)
  }
}

const strike = async (blow: Blow | undefined, installation: Installation): Promise<void> => {
  const { service } = installation
  if (blow === 'pause') {
    service.signal('SIGSTOP')
    await sleep(leaseMs + drawBetween(100, 500))
    service.signal('SIGCONT')
    return
  }
  if (blow === 'stop') assert.equal((await service.stop()).code, 0)
  else await service.kill()
  await installation.restart()
}

const runTrial = async (trial: Trial) => {
  const { timeoutMs = 800 } = trial
  using folder = openFolder()
  await using simulator = await startSimulatorProcess(folder.path, {
    SIMULATOR_GRADE: trial.played,
    SIMULATOR_LATENCY_MIN_MS: '20',
    SIMULATOR_LATENCY_MAX_MS: '150',
    SIMULATOR_LATE_MS: String(toLate(timeoutMs)),
    SIMULATOR_RELEASE_LATENCY_MS: '10',
  })
  await configureSimulator(simulator.url, faults)
  await using installation = await openInstallation({
    folder: folder.path,
    env: serviceEnv(simulator.url, trial.told, timeoutMs),
  })
  await Promise.all([
    addAll(installation, trial.additions),
    disturb(trial, installation, simulator.url),
  ])
  await untilIdle(installation.url, 120_000)
  // Late effects of calls that nobody waits for any more.
  await until('the simulator has nothing under way', async () => {
    return (await readStats(simulator.url)).working === 0
  })
  // What they left behind is undone.
  await untilIdle(installation.url)
  const worlds = await compareWorlds(installation.url, simulator.url, users)
  const unknown = await readMetric(installation.url, 'reservation_outcome_unknown_total')
  const stats = await readStats(simulator.url)
  return { ...worlds, unknown, stats }
}

const report = ({ statuses, activeHolds, orphans, unknown, stats }: Trialled): string => {
  const { attempts, answers_lost: lost, duplicate_holds: twice } = stats
  const seen = { statuses, activeHolds, orphans: orphans.length, unknown, attempts, lost, twice }
  return JSON.stringify(seen)
}

type Trialled = Awaited<ReturnType<typeof runTrial>>

const assertSettled = ({ statuses }: Trialled) => {
  const settled = (statuses.reserved ?? 0) + (statuses.unavailable ?? 0)
  const all = Object.values(statuses).reduce((sum, count) => sum + count, 0)
  assert.equal(settled, all, `some are not settled: ${JSON.stringify(statuses)}`)
}

for (const [grade, name] of [
  ['keyed', 'R1'],
  ['lookup', 'R2'],
] as const) {
  test(`T4 ${name}, ${grade}: ${additions} additions are held exactly once`, async (t) => {
    const trialled = await runTrial({ told: grade, played: grade, additions, blows })
    t.diagnostic(report(trialled))
    assertSettled(trialled)
    assert.deepEqual(trialled.orphans, [])
    assert.deepEqual(trialled.unheld, [])
    assert.ok((trialled.stats.answers_lost ?? 0) > 0, 'some answers were lost')
  })
}

test(`T4 R3, bare: every lost answer of ${additions} additions is counted`, async (t) => {
  // Two counts can only be the same when no call times out that was about to be answered.
  const timeoutMs = 2_000
  const trial = { told: 'bare', played: 'bare', additions, blows: [], timeoutMs } as const
  const trialled = await runTrial(trial)
  t.diagnostic(report(trialled))
  assertSettled(trialled)
  assert.deepEqual(trialled.unheld, [])
  assert.equal(trialled.unknown, trialled.stats.answers_lost)
  assert.ok(trialled.orphans.length <= trialled.unknown)
})

test('T4 goes red when the service knows keys less well than it was said to', async (t) => {
  const trialled = await runTrial({ told: 'keyed', played: 'bare', additions: 60, blows: ['kill'] })
  t.diagnostic(report(trialled))
  assert.notDeepEqual(trialled.orphans, [])
})
