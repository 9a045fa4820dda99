// T1: acknowledged means durable. The service is killed with -9 at random moments while 16 clients add;
// whatever was answered with 2xx is there afterwards, and no change is there by half.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readBooks } from '../support/process-books.ts'
import { buildBroken } from '../support/process-build.ts'
import { addItem, readCart, readLedger, untilIdle } from '../support/process-client.ts'
import { openFolder, until } from '../support/process-program.ts'
import { drawBetween, scaled } from '../support/process-scale.ts'
import {
  databaseOf,
  launchService,
  openInstallation,
  type ServiceSettings,
  startService,
  startSimulatorProcess,
} from '../support/process-service.ts'

const kills = scaled(25)
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

/** Clients that add, each addition under a product id of its own, until told to end. */
const startAdding = (url: string): Adding => {
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
        const { status, text } = await addItem(url, user, product)
        if (status === 201) {
          acknowledged.push({ user, product })
          added += 1
        } else unexpected.push(`${status} ${text}`)
      } catch {
        // The service is down, or went down before it answered: nothing was promised.
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

test(`T1: ${kills} kills lose nothing that was acknowledged, and leave nothing by half`, async (t) => {
  using folder = openFolder()
  const latency = { SIMULATOR_LATENCY_MIN_MS: '20', SIMULATOR_LATENCY_MAX_MS: '400' }
  await using simulator = await startSimulatorProcess(folder.path, latency)
  const env = { RESERVATION_SERVICE_URL: simulator.url, LOG_LEVEL: 'info', JOB_POLL_MS: '100' }
  const settings: ServiceSettings = { folder: folder.path, env }
  await using installation = await openInstallation(settings)
  const { url } = installation
  await using adding = startAdding(url)
  for (let kill = 1; kill <= kills; kill += 1) {
    await sleep(drawBetween(50, 600))
    await installation.service.kill()
    const { faults } = await readBooks(databaseOf(folder.path), adding.users)
    assert.deepEqual(faults, [], `after kill ${kill}`)
    if (kill % 5 === 0) {
      // Now and then it does not even get to listen.
      await using launched = launchService(settings)
      await sleep(drawBetween(100, 800))
      await launched.kill()
    }
    await installation.restart()
  }
  await adding.end()
  const missing = await findMissing(url, adding.acknowledged)
  t.diagnostic(
    `${kills} kills, ${adding.acknowledged.length} acknowledged, ${missing.length} missing`,
  )
  assert.deepEqual(missing, [])
  assert.deepEqual(adding.unexpected, [])
  await untilIdle(url, 60_000)
  await installation.service.kill()
  const books = await readBooks(databaseOf(folder.path), adding.users)
  assert.deepEqual(books.faults, [])
  assert.equal(books.jobs, 0)
  const holds = (await readLedger(simulator.url)).filter(({ state }) => state === 'active')
  assert.equal(new Set(holds.map(({ reference }) => reference)).size, holds.length)
  assert.ok(holds.length >= adding.acknowledged.length)
})

test('T1 goes red on a store that forgets', async () => {
  using folder = openFolder()
  const settings = { folder: folder.path, env: { DATABASE_URL: 'memory:' } }
  await using installation = await openInstallation(settings)
  await using adding = startAdding(installation.url)
  await until('something is acknowledged', () => adding.acknowledged.length > 50)
  await installation.service.kill()
  await installation.restart()
  await adding.end()
  assert.notDeepEqual(await findMissing(installation.url, adding.acknowledged), [])
})

test('T1 goes red on a commit that leaves out jobs now and then', async () => {
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
  const { faults } = await readBooks(databaseOf(folder.path), ['ada'])
  assert.notDeepEqual(faults, [])
})
