// T5: no orphan. Items go, or shrink, within 50 ms of the moment at which their reservation is made, while
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
import { openFolder } from '../support/process-program.ts'
import { drawBetween, scaled } from '../support/process-scale.ts'
import { root, startService, startSimulatorProcess } from '../support/process-service.ts'
import { compareWorlds } from '../support/process-worlds.ts'

const racers = 50
const latencyMs = 200
const spreadMs = 50

type Grade = 'keyed' | 'lookup' | 'bare'

const jsonOf = async (answer: ReturnType<typeof send>, status: number): Promise<CartText> => {
  const { status: found, text } = await answer
  assert.equal(found, status, text)
  return JSON.parse(text) as CartText
}

/** Adds, waits until the reservation is about to be made or was just made, and changes its mind. */
const race = async (url: string, user: string, turn: number): Promise<void> => {
  const cart = `${url}/v1/cart/${user}`
  const { items } = await jsonOf(addItem(url, user, `product-${turn}`, { quantity: 5 }), 201)
  const item = `${cart}/items/${items.at(-1)?.item_id}`
  await sleep(latencyMs + drawBetween(-spreadMs, spreadMs))
  switch (turn % 5) {
    case 0:
      await jsonOf(send(item, { method: 'DELETE' }), 200)
      return
    case 1:
      assert.equal((await send(cart, { method: 'DELETE' })).status, 204)
      return
    case 2:
      await jsonOf(send(item, { method: 'PATCH', body: { quantity: 2 } }), 200)
      return
    case 3:
      // Down and up again: what is let go and what is asked for must not be mistaken for each other.
      await jsonOf(send(item, { method: 'PATCH', body: { quantity: 1 } }), 200)
      await jsonOf(send(item, { method: 'PATCH', body: { quantity: 4 } }), 200)
      return
    default:
      // Gone and back: the same line under another item.
      await jsonOf(send(item, { method: 'DELETE' }), 200)
      await jsonOf(addItem(url, user, `product-${turn}`, { quantity: 2 }), 201)
  }
}

const raceAll = async (url: string, users: readonly string[], count: number): Promise<void> => {
  let next = 0
  const run = async (user: string) => {
    while (next < count) {
      next += 1
      await race(url, user, next)
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

/** How the races ended: whether the reservation was still pending when its units were let go. */
const countLetGo = async (url: string, users: readonly string[]) => {
  const counts: Record<string, number> = {}
  for (const user of users) {
    const { text } = await send(`${url}/v1/cart/${user}/journal?limit=1000`)
    const letGo = text.matchAll(/"quantity":\d+,"status":"(\w+)","reservation_id"/g)
    for (const [, status = ''] of letGo) counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

const raceIn = async (grade: Grade, count: number, build = root) => {
  using folder = openFolder()
  await using simulator = await startSimulatorProcess(folder.path, {
    SIMULATOR_GRADE: grade,
    SIMULATOR_LATENCY_MIN_MS: String(latencyMs),
    SIMULATOR_LATENCY_MAX_MS: String(latencyMs),
    SIMULATOR_RELEASE_LATENCY_MS: '10',
  })
  await using service = await startService({
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
  const { url } = service
  const users = Array.from({ length: Math.min(racers, count) }, (_, n) => `user-${n}`)
  const over = new AbortController()
  const failing = failReleases(simulator.url, over.signal)
  await raceAll(url, users, count)
  over.abort()
  await failing
  await untilIdle(url, 60_000)
  const carts = await Promise.all(users.map((user) => readCart(url, user)))
  const short = carts
    .flatMap(({ items }) => items)
    .filter(({ quantity, reservation }) => reservation.reserved_quantity !== quantity)
  const letGo = await countLetGo(url, users)
  return { ...(await compareWorlds(url, simulator.url, users)), short, letGo }
}

for (const [grade, races] of [
  ['keyed', scaled(1_000)],
  ['lookup', scaled(200)],
  ['bare', scaled(200)],
] as const) {
  test(`T5: ${races} races leave no orphan, service ${grade}`, async (t) => {
    const { letGo, orphans, unheld, short, activeHolds } = await raceIn(grade, races)
    t.diagnostic(`let go ${JSON.stringify(letGo)}, ${activeHolds} held, ${orphans.length} orphans`)
    assert.deepEqual(orphans, [])
    assert.deepEqual(unheld, [])
    assert.deepEqual(short, [])
    for (const status of ['pending', 'reserved']) {
      assert.ok((letGo[status] ?? 0) > races / 20, `too few races were let go while ${status}`)
    }
  })
}

test('T5 goes red when a hold that comes after its item left is not given back', async () => {
  using folder = openFolder()
  const build = buildBroken(folder.path, [
    {
      file: 'src/domain/decide-outcome.ts',
      from: "return [{ type: 'release-requested', at, itemId, key, quantity, holdId: outcome.holdId }]",
      to: "return [{ type: 'reservation-withdrawn', at, key }]",
    },
  ])
  const { orphans } = await raceIn('keyed', 100, build)
  assert.notDeepEqual(orphans, [])
})
