// T5: no orphan. Items are removed or lowered within 50 ms of the moment at which their reservation is made, while
// the release endpoint fails for a while. In the end nothing is held that no item wants.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildBroken } from '../support/process-build.ts'
import {
  addItem,
  type CartText,
  configureSimulator,
  readCart,
  send,
  untilIdle,
} from '../support/process-client.ts'
import { isMissing, type Layout, openFleet, type Role } from '../support/process-fleet.ts'
import { openFolder } from '../support/process-program.ts'
import { drawBetween, scaled } from '../support/process-scale.ts'
import { root, startSimulatorProcess } from '../support/process-service.ts'
import { compareWorlds } from '../support/process-worlds.ts'

const racers = 50
const latencyMs = 200

type Plan = {
  readonly roles: readonly Role[]
  /** From an addition to its call, and how far from the answer items are removed. */
  readonly startMs: number
  readonly spreadMs: number
}

const plans: Readonly<Record<Layout, Plan>> = {
  embedded: { roles: ['all'], startMs: 0, spreadMs: 50 },
  // Another process has to be notified of the job.
  postgres: { roles: ['api', 'api', 'worker', 'worker'], startMs: 40, spreadMs: 80 },
  'postgres+redis': { roles: ['api', 'api', 'worker', 'worker'], startMs: 40, spreadMs: 80 },
}

type Grade = 'keyed' | 'lookup' | 'bare'

const jsonOf = async (answer: ReturnType<typeof send>, status: number): Promise<CartText> => {
  const { status: found, text } = await answer
  assert.equal(found, status, text)
  return JSON.parse(text) as CartText
}

type Racing = {
  /** Of any process that answers requests. */
  readonly drawUrl: () => string
  readonly layout: Layout
}

/** Adds, waits until the reservation is about to be made or was just made, and removes or changes the item. */
const race = async ({ drawUrl, layout }: Racing, user: string, turn: number): Promise<void> => {
  const { startMs, spreadMs } = plans[layout]
  const product = `product-${turn}`
  const { items } = await jsonOf(addItem(drawUrl(), user, product, { quantity: 5 }), 201)
  const path = `/v1/cart/${user}/items/${items.at(-1)?.item_id}`
  const set = (quantity: number) =>
    jsonOf(send(`${drawUrl()}${path}`, { method: 'PATCH', body: { quantity } }), 200)
  const remove = () => jsonOf(send(`${drawUrl()}${path}`, { method: 'DELETE' }), 200)
  await sleep(latencyMs + startMs + drawBetween(-spreadMs, spreadMs))
  switch (turn % 5) {
    case 0:
      await remove()
      return
    case 1: {
      const { status } = await send(`${drawUrl()}/v1/cart/${user}`, { method: 'DELETE' })
      assert.equal(status, 204)
      return
    }
    case 2:
      await set(2)
      return
    case 3:
      // Down and up again: what is dropped and what is requested must not be mistaken for each other.
      await set(1)
      await set(4)
      return
    default:
      // Removed and added again: the same line under another item.
      await remove()
      await jsonOf(addItem(drawUrl(), user, product, { quantity: 2 }), 201)
  }
}

const raceAll = async (racing: Racing, users: readonly string[], count: number): Promise<void> => {
  let next = 0
  const run = async (user: string) => {
    while (next < count) {
      next += 1
      await race(racing, user, next)
    }
  }
  await Promise.all(users.map(run))
}

const failReleases = async (simulatorUrl: string, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await configureSimulator(simulatorUrl, { rate_release_error: 1 })
    await sleep(1_500)
    await configureSimulator(simulatorUrl, { rate_release_error: 0 })
    await sleep(1_500)
  }
}

/** How the races ended: whether the reservation was still pending when its units were dropped. */
const countDropped = async (url: string, users: readonly string[]) => {
  const counts: Record<string, number> = {}
  for (const user of users) {
    const { text } = await send(`${url}/v1/cart/${user}/journal?limit=1000`)
    const dropped = text.matchAll(/"quantity":\d+,"status":"(\w+)","reservation_id"/g)
    for (const [, status = ''] of dropped) counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

type Races = {
  readonly layout: Layout
  readonly grade: Grade
  readonly count: number
  readonly build?: string
}

const raceIn = async ({ layout, grade, count, build = root }: Races) => {
  using folder = openFolder()
  await using simulator = await startSimulatorProcess(folder.path, {
    SIMULATOR_GRADE: grade,
    SIMULATOR_LATENCY_MIN_MS: String(latencyMs),
    SIMULATOR_LATENCY_MAX_MS: String(latencyMs),
    SIMULATOR_RELEASE_LATENCY_MS: '10',
  })
  await using fleet = await openFleet({
    layout,
    roles: plans[layout].roles,
    folder: folder.path,
    build,
    env: {
      RESERVATION_SERVICE_URL: simulator.url,
      RESERVATION_SERVICE_GRADE: grade,
      RESERVATION_RETRY_BASE_MS: '20',
      RESERVATION_RETRY_CAP_MS: '200',
      BREAKER_COOLDOWN_MS: '100',
      JOB_POLL_MS: '50',
    },
  })
  const { url, drawUrl } = fleet
  const users = Array.from({ length: Math.min(racers, count) }, (_, n) => `user-${n}`)
  const over = new AbortController()
  const failing = failReleases(simulator.url, over.signal)
  await raceAll({ drawUrl, layout }, users, count)
  over.abort()
  await failing
  await untilIdle(url, 60_000)
  const carts = await Promise.all(users.map((user) => readCart(url, user)))
  const short = carts
    .flatMap(({ items }) => items)
    .filter(({ quantity, reservation }) => reservation.reserved_quantity !== quantity)
  const dropped = await countDropped(url, users)
  return { ...(await compareWorlds(url, simulator.url, users)), short, dropped }
}

for (const [layout, grade, races] of [
  ['embedded', 'keyed', scaled(1_000)],
  ['embedded', 'lookup', scaled(200)],
  ['embedded', 'bare', scaled(200)],
  ['postgres', 'lookup', scaled(300)],
  ['postgres+redis', 'keyed', scaled(300)],
] as const) {
  const skip = isMissing(layout)
  test(`T5: ${races} races leave no orphan, service ${grade}, ${layout}`, { skip }, async (t) => {
    const found = await raceIn({ layout, grade, count: races })
    const { dropped, orphans, unheld, short, activeHolds } = found
    t.diagnostic(
      `dropped ${JSON.stringify(dropped)}, ${activeHolds} held, ${orphans.length} orphans`,
    )
    assert.deepEqual(orphans, [])
    assert.deepEqual(unheld, [])
    assert.deepEqual(short, [])
    for (const status of ['pending', 'reserved']) {
      assert.ok((dropped[status] ?? 0) > races / 20, `too few races dropped units while ${status}`)
    }
  })
}

test('T5 goes red when a hold that is made after its item was removed is not released', async () => {
  using folder = openFolder()
  const build = buildBroken(folder.path, [
    {
      file: 'src/domain/cart/decide-outcome.ts',
      from: "return [{ type: 'release-requested', at, itemId, key, quantity, holdId: outcome.holdId }]",
      to: "return [{ type: 'reservation-withdrawn', at, key }]",
    },
  ])
  const { orphans } = await raceIn({ layout: 'embedded', grade: 'keyed', count: 100, build })
  assert.notDeepEqual(orphans, [])
})
