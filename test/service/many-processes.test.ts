// One installation of many processes over PostgreSQL and Redis: two that answer, two that call the
// reservation service. What one of them loses, the others recover.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import {
  addItem,
  openClient,
  readCart,
  readLedger,
  send,
  untilIdle,
} from '../support/process-client.ts'
import { type Fleet, type FleetSettings, isMissing, openFleet } from '../support/process-fleet.ts'
import { findFreePort } from '../support/process-port.ts'
import { openFolder, until } from '../support/process-program.ts'
import { drawBetween } from '../support/process-scale.ts'
import { type Installation, startSimulatorProcess } from '../support/process-service.ts'
import { openSql } from '../support/process-sql.ts'
import { compareWorlds } from '../support/process-worlds.ts'

const skip = isMissing('postgres+redis')
const roles = ['api', 'api', 'worker', 'worker'] as const
const users = Array.from({ length: 20 }, (_, n) => `user-${n}`)

const openMany = async (settings: Partial<FleetSettings> = {}) => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.adopt(openFolder(), (folder) => folder[Symbol.dispose]())
  const simulator = stack.use(
    await startSimulatorProcess(folder.path, {
      SIMULATOR_LATENCY_MIN_MS: '100',
      SIMULATOR_LATENCY_MAX_MS: '600',
    }),
  )
  const jobs = { JOB_LEASE_MS: '2000', JOB_POLL_MS: '100' }
  const env = { RESERVATION_SERVICE_URL: simulator.url, ...jobs, ...settings.env }
  const layout = 'postgres+redis'
  const fleet = stack.use(await openFleet({ layout, roles, ...settings, folder: folder.path, env }))
  const resources = stack.move()
  return { fleet, simulator, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** Through any of those that answer, until it is answered. */
const addForSure = (fleet: Fleet, n: number): Promise<unknown> =>
  until(
    `addition ${n} is answered`,
    async () => {
      const headers = { 'idempotency-key': `addition-${n}` }
      const user = users[n % users.length] ?? ''
      try {
        return (
          (await addItem(fleet.drawUrl(), user, `product-${n % 31}`, { headers })).status === 201
        )
      } catch {
        return false
      }
    },
    { withinMs: 60_000, everyMs: 20 },
  )

const killOne = async (members: readonly Installation[]): Promise<void> => {
  const member = members[drawBetween(0, members.length - 1)]
  await member?.service.kill()
  await sleep(drawBetween(0, 500))
  await member?.restart()
}

const disturb = async ({ apis, workers, redis }: Fleet): Promise<void> => {
  await sleep(drawBetween(300, 800))
  await killOne(workers)
  await redis?.flushAll()
  await sleep(drawBetween(100, 500))
  await killOne(apis)
}

test('every addition is reserved once despite kills and FLUSHALL', { skip }, async (t) => {
  await using many = await openMany()
  const { fleet, simulator } = many
  const disturbing = disturb(fleet)
  let next = 0
  let isOver = false
  const run = async () => {
    while (!isOver) {
      next += 1
      await addForSure(fleet, next)
      await sleep(drawBetween(0, 60))
    }
  }
  const adding = Promise.all(Array.from({ length: 8 }, run))
  await disturbing.finally(() => {
    isOver = true
  })
  await adding
  await untilIdle(fleet.url, 60_000)
  const { statuses, orphans, unheld } = await compareWorlds(fleet.url, simulator.url, users)
  t.diagnostic(`${next} additions, ${JSON.stringify(statuses)}`)
  assert.deepEqual(statuses, { reserved: next })
  assert.deepEqual(orphans, [])
  assert.deepEqual(unheld, [])
  const holds = await readLedger(simulator.url)
  assert.equal(new Set(holds.map(({ reference }) => reference)).size, holds.length)
  assert.equal(holds.length, next)
})

test('the sum of a cart is exact after 32 clients of three instances added to it for 5 s', {
  skip,
}, async (t) => {
  using folder = openFolder()
  await using fleet = await openFleet({
    layout: 'postgres',
    roles: ['api', 'api', 'api'],
    folder: folder.path,
  })
  await using client = openClient()
  const endAt = Date.now() + 5_000
  let sum = 0
  const errors: string[] = []
  const run = async () => {
    while (Date.now() < endAt) {
      const quantity = drawBetween(1, 3)
      const { status, text } = await client.send(`${fleet.drawUrl()}/v1/cart/ada/items`, {
        method: 'POST',
        body: { product_id: `product-${drawBetween(1, 20)}`, quantity },
      })
      if (status === 201) sum += quantity
      else errors.push(`${status} ${text}`)
    }
  }
  await Promise.all(Array.from({ length: 32 }, run))
  t.diagnostic(`${sum} units added`)
  assert.deepEqual(errors, [])
  const cart = await readCart(fleet.drawUrl(), 'ada')
  assert.equal(cart.total_quantity, sum)
  await using sql = await openSql(fleet.databaseUrl)
  const rows = await sql.query('select user_id, product_id, quantity from cart_items')
  assert.deepEqual(
    rows.toSorted(),
    cart.items.map((item) => ['ada', item.product_id, item.quantity]).toSorted(),
  )
})

const isSettled = async (url: string, user: string): Promise<boolean> =>
  (await readCart(url, user)).items.every(({ reservation }) => reservation.status === 'reserved')

const readiness = async (url: string) => {
  const { status, text } = await send(`${url}/ready`)
  return { code: status, ...(JSON.parse(text) as { readonly status: string }) }
}

test('without Redis at REDIS_URL the service is degraded, and all additions are reserved', {
  skip,
}, async () => {
  const redisUrl = `redis://127.0.0.1:${await findFreePort()}`
  await using many = await openMany({ layout: 'postgres', env: { REDIS_URL: redisUrl } })
  const { fleet } = many
  for (const { url } of fleet.members) {
    const { code, status } = await readiness(url)
    assert.deepEqual([code, status], [200, 'degraded'])
  }
  for (let n = 0; n < 20; n += 1) {
    assert.equal((await addItem(fleet.drawUrl(), 'ada', `product-${n}`)).status, 201)
  }
  await until('all is reserved', () => isSettled(fleet.drawUrl(), 'ada'), { withinMs: 30_000 })
})

/** Stopped by SIGSTOP: it accepts connections and answers nothing. */
const freeze = async (redisUrl: string): Promise<Disposable> => {
  const redis = new Redis(redisUrl)
  const [, pid] = /^process_id:(\d+)\r?$/m.exec(await redis.info('server')) ?? []
  redis.disconnect()
  process.kill(Number(pid), 'SIGSTOP')
  return { [Symbol.dispose]: () => void process.kill(Number(pid), 'SIGCONT') }
}

/** Of additions one after the other by four clients for so long; the 95th percentile. */
const measureAdds = async (fleet: Fleet, user: string, forMs: number): Promise<number> => {
  const endAt = Date.now() + forMs
  const took: number[] = []
  const run = async (client: number) => {
    for (let n = 0; Date.now() < endAt; n += 1) {
      const startedAt = performance.now()
      const { status } = await addItem(fleet.drawUrl(), `${user}-${client}`, `product-${n % 50}`)
      took.push(performance.now() - startedAt)
      assert.equal(status, 201)
      await sleep(40)
    }
  }
  await Promise.all([0, 1, 2, 3].map(run))
  return took.sort((a, b) => a - b)[Math.floor(took.length * 0.95)] ?? Number.NaN
}

test('while Redis hangs for 10 s additions take no longer, and are reserved', {
  skip,
}, async (t) => {
  await using many = await openMany()
  const { fleet, simulator } = many
  assert.ok(fleet.redis !== null)
  const before = await measureAdds(fleet, 'before', 3_000)
  {
    using _frozen = await freeze(fleet.redis.url)
    const meanwhile = await measureAdds(fleet, 'meanwhile', 8_000)
    t.diagnostic(`95 % within ${before.toFixed(1)} ms before, ${meanwhile.toFixed(1)} ms meanwhile`)
    // Other tests of this machine may be busy; what waits for Redis takes seconds.
    assert.ok(meanwhile < before * 3 + 200)
    const { code, status } = await readiness(fleet.url)
    assert.deepEqual([code, status], [200, 'degraded'])
    await until('what was added is reserved', () => isSettled(fleet.url, 'meanwhile-0'))
    await sleep(1_000)
  }
  await untilIdle(fleet.url, 60_000)
  const added = ['before', 'meanwhile'].flatMap((user) => [0, 1, 2, 3].map((n) => `${user}-${n}`))
  const { orphans, unheld } = await compareWorlds(fleet.url, simulator.url, added)
  assert.deepEqual(orphans, [])
  assert.deepEqual(unheld, [])
  await until('Redis is back', async () => (await readiness(fleet.url)).status === 'ready')
})
