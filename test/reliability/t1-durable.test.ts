// T1: acknowledged means durable. Processes of the service are killed with -9 at random moments while 16
// clients add, and so are the database and Redis where there are any; whatever was answered with 2xx is
// there afterwards, and no change is there by half.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteCopy, readBooks } from '../support/process-books.ts'
import { buildBroken } from '../support/process-build.ts'
import { addItem, readCart, readLedger, untilIdle } from '../support/process-client.ts'
import {
  type Fleet,
  isMissing,
  type Layout,
  openFleet,
  type Role,
} from '../support/process-fleet.ts'
import { openFolder, until } from '../support/process-program.ts'
import { drawBetween, scaled } from '../support/process-scale.ts'
import {
  databaseOf,
  openInstallation,
  startService,
  startSimulatorProcess,
} from '../support/process-service.ts'

const clients = 16
// Two clients share a cart, and a cart holds at most 500 items.
const additionsPerCart = 200

type Acknowledged = { readonly user: string; readonly product: string }

interface Adding extends AsyncDisposable {
  readonly acknowledged: readonly Acknowledged[]
  readonly unexpected: readonly string[]
  /** Whose carts were written to, or meant to be. */
  readonly users: ReadonlySet<string>
  end(): Promise<unknown>
}

/** Clients that add, each addition under a product id of its own, until `end` is called. */
const startAdding = (drawUrl: () => string): Adding => {
  const acknowledged: Acknowledged[] = []
  const unexpected: string[] = []
  const users = new Set<string>()
  let isOver = false
  const run = async (client: number) => {
    for (let [tries, added] = [0, 0]; !isOver; tries += 1) {
      const user = `cart-${client % 8}-${Math.floor(added / additionsPerCart)}`
      const product = `marker-${client}-${tries}`
      users.add(user)
      try {
        const { status, text } = await addItem(drawUrl(), user, product)
        if (status === 201) {
          acknowledged.push({ user, product })
          added += 1
        } else unexpected.push(`${status} ${text}`)
      } catch {
        // The process is down, or went down before it answered: nothing was acknowledged.
      }
      await sleep(drawBetween(2, 20))
    }
  }
  const ended = Promise.all(Array.from({ length: clients }, (_, client) => run(client)))
  const end = () => {
    isOver = true
    return ended
  }
  return {
    acknowledged,
    unexpected,
    users,
    end,
    [Symbol.asyncDispose]: async () => void (await end()),
  }
}

/** Additions that were acknowledged, and are not in their cart. */
const findMissing = async (url: string, acknowledged: readonly Acknowledged[]) => {
  const missing: string[] = []
  for (const [user, those] of Map.groupBy(acknowledged, (a) => a.user)) {
    const { items } = await readCart(url, user)
    const quantities = new Map(items.map((item) => [item.product_id, item.quantity]))
    for (const { product } of those) {
      if (quantities.get(product) !== 1) missing.push(`${user} ${product}`)
    }
  }
  return missing
}

type Blow = 'process' | 'processes' | 'database' | 'redis' | 'flush'

type Plan = {
  readonly layout: Layout
  readonly roles: readonly Role[]
  readonly kills: number
  /** In turn. */
  readonly blows: readonly Blow[]
}

const plans: readonly Plan[] = [
  { layout: 'embedded', roles: ['all'], kills: scaled(25), blows: ['processes'] },
  {
    layout: 'postgres',
    roles: ['all', 'all'],
    kills: scaled(10),
    blows: ['process', 'database', 'processes', 'database', 'process'],
  },
  {
    layout: 'postgres+redis',
    roles: ['api', 'all', 'worker'],
    kills: scaled(15),
    blows: ['process', 'redis', 'database', 'flush', 'processes', 'process', 'database'],
  },
]

/** One kill, and all up again. The books are checked whenever no process writes. */
const strike = async (fleet: Fleet, blow: Blow, adding: Adding): Promise<void> => {
  const { members, postgres, redis } = fleet
  switch (blow) {
    case 'process': {
      const member = members[drawBetween(0, members.length - 1)]
      await member?.service.kill()
      await member?.restart()
      return
    }
    case 'processes': {
      await fleet.killAll()
      const { faults } = await readBooks(fleet.openStore(), adding.users)
      assert.deepEqual(faults, [])
      await fleet.restartAll()
      return
    }
    case 'database':
      if (Math.random() < 0.5) await postgres?.stop('immediate')
      else await postgres?.kill()
      await postgres?.start()
      return
    case 'redis':
      await redis?.kill()
      await sleep(drawBetween(0, 1_000))
      await redis?.start()
      return
    case 'flush':
      await redis?.flushAll()
      return
    default:
      return blow satisfies never
  }
}

/** Now and then a process does not even get to listen. */
const killWhileStarting = async ({ members }: Fleet): Promise<void> => {
  const [member] = members
  await member?.service.kill()
  await using launched = member?.launch()
  await sleep(drawBetween(100, 800))
  await launched?.kill()
  await member?.restart()
}

const isOfDatabase = (answer: string): boolean =>
  answer.startsWith('503 ') && answer.includes('"code":"store-unavailable"')

for (const { layout, roles, kills, blows } of plans) {
  const skip = isMissing(layout)
  test(`T1: ${kills} kills lose no acknowledged change and leave none by half, ${layout}`, {
    skip,
  }, async (t) => {
    using folder = openFolder()
    const latency = { SIMULATOR_LATENCY_MIN_MS: '20', SIMULATOR_LATENCY_MAX_MS: '400' }
    await using simulator = await startSimulatorProcess(folder.path, latency)
    const jobs = { JOB_POLL_MS: '100', JOB_LEASE_MS: '2000' }
    const env = { RESERVATION_SERVICE_URL: simulator.url, ...jobs }
    await using fleet = await openFleet({ layout, roles, folder: folder.path, env })
    await using adding = startAdding(fleet.drawUrl)
    for (let kill = 1; kill <= kills; kill += 1) {
      await sleep(drawBetween(50, 600))
      await strike(fleet, blows[kill % blows.length] ?? 'process', adding)
      if (kill % 5 === 0) await killWhileStarting(fleet)
    }
    await adding.end()
    const missing = await findMissing(fleet.url, adding.acknowledged)
    const { length: acknowledged } = adding.acknowledged
    const summary = `${acknowledged} acknowledged, ${missing.length} missing`
    t.diagnostic(`${kills} kills, ${summary}, ${adding.unexpected.length} answered otherwise`)
    assert.deepEqual(missing, [])
    // Nothing but the database was unavailable.
    const others = adding.unexpected.filter(
      (answer) => fleet.postgres === null || !isOfDatabase(answer),
    )
    assert.deepEqual(others, [])
    await untilIdle(fleet.url, 60_000)
    await fleet.killAll()
    const books = await readBooks(fleet.openStore(), adding.users)
    assert.deepEqual(books.faults, [])
    assert.equal(books.jobs, 0)
    const holds = (await readLedger(simulator.url)).filter(({ state }) => state === 'active')
    assert.equal(new Set(holds.map(({ reference }) => reference)).size, holds.length)
    assert.ok(holds.length >= acknowledged)
  })
}

test('T1 goes red on a store that loses its data in a restart', async () => {
  using folder = openFolder()
  const settings = { folder: folder.path, env: { DATABASE_URL: 'memory:' } }
  await using installation = await openInstallation(settings)
  await using adding = startAdding(() => installation.url)
  await until('something is acknowledged', () => adding.acknowledged.length > 50)
  await installation.service.kill()
  await installation.restart()
  await adding.end()
  assert.notDeepEqual(await findMissing(installation.url, adding.acknowledged), [])
})

test('T1 goes red on a commit that sometimes leaves out jobs', async () => {
  using folder = openFolder()
  const build = buildBroken(folder.path, [
    {
      file: 'src/adapters/stores/sqlite/tables.ts',
      from: '    jobs.write(change)\n',
      to: '    if (Math.random() < 0.9) jobs.write(change)\n',
    },
  ])
  await using simulator = await startSimulatorProcess(folder.path)
  const env = { RESERVATION_SERVICE_URL: simulator.url }
  await using service = await startService({ folder: folder.path, build, env })
  for (let n = 0; n < 100; n += 1) await addItem(service.url, 'ada', `marker-${n}`)
  await service.kill()
  const { faults } = await readBooks(openSqliteCopy(databaseOf(folder.path)), ['ada'])
  assert.notDeepEqual(faults, [])
})
