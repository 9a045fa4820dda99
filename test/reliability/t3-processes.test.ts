// T3 over processes: clients of three instances add, set, remove, clear and read on five hot carts, while
// instances are killed and paused and the database is restarted. What was not answered may have happened, or
// may happen still; each cart's history must be one that a single sequential cart could have produced.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkLinearizable, type Verdict } from '../support/linearizability.ts'
import { buildBroken, type Change } from '../support/process-build.ts'
import { cartModel } from '../support/process-cart-model.ts'
import { openClient, readMetric } from '../support/process-client.ts'
import { type Fleet, isMissing, openFleet } from '../support/process-fleet.ts'
import { askOver, makeHistory } from '../support/process-histories.ts'
import { openFolder } from '../support/process-program.ts'
import { drawBetween, scaled } from '../support/process-scale.ts'
import { startSimulatorProcess } from '../support/process-service.ts'

const histories = scaled(20)
const operations = 320
const carts = 5
const skip = isMissing('postgres')

type Counts = Record<Verdict, number> & { unanswered: number }

const checkHistories = async (fleet: Fleet, count: number): Promise<Counts> => {
  await using client = openClient()
  const counts: Counts = { linearizable: 0, violation: 0, undecided: 0, unanswered: 0 }
  const ask = askOver(client, fleet.drawUrl)
  for (let n = 0; n < count; n += 1) {
    const clients = drawBetween(8, 10)
    const history = await makeHistory({ ask, clients, carts, operations })
    for (const ofCart of history.values()) {
      counts[checkLinearizable(cartModel, ofCart)] += 1
      counts.unanswered += ofCart.filter(({ output }) => output.kind === 'unknown').length
    }
  }
  return counts
}

const blows = ['kill', 'pause', 'database', 'pause'] as const

/** One after the other until the signal; answers how many of each. */
const disturb = async ({ members, postgres }: Fleet, signal: AbortSignal) => {
  const counts: Record<string, number> = {}
  for (let n = 0; !signal.aborted; n += 1) {
    await sleep(drawBetween(200, 1_000))
    const blow = blows[n % blows.length] ?? 'kill'
    const member = members[drawBetween(0, members.length - 1)]
    counts[blow] = (counts[blow] ?? 0) + 1
    if (blow === 'database') await postgres?.restart(n % 8 < 4 ? 'fast' : 'immediate')
    else if (blow === 'kill') {
      await member?.service.kill()
      await member?.restart()
    } else {
      member?.service.signal('SIGSTOP')
      await sleep(drawBetween(200, 1_500))
      member?.service.signal('SIGCONT')
    }
  }
  return counts
}

const roles = ['all', 'all', 'all'] as const
const env = { JOB_POLL_MS: '100', JOB_LEASE_MS: '2000' }

test(`T3: ${histories} histories of three processes are linearizable while these are killed and paused`, {
  skip,
}, async (t) => {
  using folder = openFolder()
  const latency = { SIMULATOR_LATENCY_MIN_MS: '0', SIMULATOR_LATENCY_MAX_MS: '20' }
  await using simulator = await startSimulatorProcess(folder.path, latency)
  await using fleet = await openFleet({
    layout: 'postgres',
    roles,
    folder: folder.path,
    env: { ...env, RESERVATION_SERVICE_URL: simulator.url },
  })
  const over = new AbortController()
  const disturbing = disturb(fleet, over.signal)
  // Also when the histories fail: a process that is paused cannot be stopped.
  const counts = await checkHistories(fleet, histories).finally(() => over.abort())
  t.diagnostic(JSON.stringify({ ...counts, ...(await disturbing) }))
  assert.equal(counts.violation, 0)
  assert.equal(counts.undecided, 0)
  assert.equal(counts.linearizable, histories * carts)
  assert.ok(counts.unanswered > 0, 'some outcomes were not known')
})

const stores = 'src/adapters/stores/postgres'
const faults: Readonly<Record<string, readonly Change[]>> = {
  'commits without comparing the revision': [
    { file: `${stores}/commit-statement.ts`, from: ' and c.revision = g.expected', to: '' },
    // What else would stop it.
    {
      file: `${stores}/journal-table.ts`,
      from: 'journalTable.columns, rows, isWritten)',
      to: "journalTable.columns, rows, isWritten) + ' on conflict do nothing'",
    },
  ],
  'reads a shared cart from its memory': [
    {
      file: 'src/application/carts/handle-command.ts',
      from: "if (store.ownership === 'shared') return store.load(cartId, []).then(({ cart }) => cart)",
      to: '',
    },
  ],
}

for (const [fault, changes] of Object.entries(faults)) {
  test(`T3 goes red on a service that ${fault}`, { skip }, async () => {
    using folder = openFolder()
    const build = buildBroken(folder.path, changes)
    await using fleet = await openFleet({ layout: 'postgres', roles, folder: folder.path, build })
    const { violation } = await checkHistories(fleet, 1)
    assert.ok(violation > 0)
  })
}

test('T3: three processes without faults have conflicts, and linearizable histories', {
  skip,
}, async () => {
  using folder = openFolder()
  await using fleet = await openFleet({ layout: 'postgres', roles, folder: folder.path })
  const counts = await checkHistories(fleet, 1)
  assert.deepEqual(counts, { linearizable: carts, violation: 0, undecided: 0, unanswered: 0 })
  const conflicts = fleet.members.map(({ url }) => readMetric(url, 'commit_conflicts_total'))
  assert.ok((await Promise.all(conflicts)).some((count) => count > 0))
})
