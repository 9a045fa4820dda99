// T8: stopping loses nothing. Instances are stopped and started again, one after the other, while requests
// come in through a balancer, 200 a second; none of them fails, and reservations under way are made.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openBalancer } from '../support/process-balancer.ts'
import {
  addItem,
  openClient,
  readCart,
  readMetric,
  send,
  untilIdle,
} from '../support/process-client.ts'
import {
  type Fleet,
  isMissing,
  type Layout,
  openFleet,
  type Role,
} from '../support/process-fleet.ts'
import { type Exit, openFolder, until } from '../support/process-program.ts'
import { scaled } from '../support/process-scale.ts'
import { startService, startSimulatorProcess } from '../support/process-service.ts'
import { compareWorlds } from '../support/process-worlds.ts'

const everyMs = 5
// Longer than the balancer takes to notice it in /ready, also when everything is busy.
const shutdownDelayMs = 1_000
// An orchestrator waits for 30 s.
const stopWithinMs = 25_000
const takenOverWithinMs = 5_000
const users = Array.from({ length: 40 }, (_, n) => `user-${n}`)

interface Load extends AsyncDisposable {
  readonly sent: () => number
  readonly added: () => number
  readonly failed: readonly string[]
  /** Requests that wait for their answer. */
  readonly waiting: () => number
  end(): Promise<unknown>
}

/** Additions at a steady pace, whether earlier ones are answered or not. */
const startLoad = (url: string): Load => {
  const client = openClient({ connections: 2_000, timeoutMs: 30_000 })
  const failed: string[] = []
  const open = new Set<Promise<void>>()
  let [sent, added, isOver] = [0, 0, false]
  const add = async (n: number) => {
    try {
      const { status, text } = await client.send(
        `${url}/v1/cart/${users[n % users.length]}/items`,
        {
          method: 'POST',
          body: { product_id: `product-${n % 400}`, quantity: 1 },
          headers: { prefer: 'return=minimal' },
        },
      )
      if (status === 201) added += 1
      else failed.push(`${status} ${text}`)
    } catch (error) {
      failed.push(String(error))
    }
  }
  const run = async () => {
    const startedAt = Date.now()
    while (!isOver) {
      const due = (Date.now() - startedAt) / everyMs
      for (; sent < due; sent += 1) {
        const one = add(sent).finally(() => open.delete(one))
        open.add(one)
      }
      await sleep(1)
    }
    await Promise.all(open)
  }
  const running = run()
  const end = () => {
    isOver = true
    return running
  }
  return {
    sent: () => sent,
    added: () => added,
    failed,
    waiting: () => open.size,
    end,
    [Symbol.asyncDispose]: async () => {
      await end()
      await client[Symbol.asyncDispose]()
    },
  }
}

const jobsIn = async (url: string, state: string): Promise<number> => {
  const { text } = await send(`${url}/metrics`)
  return Number(new RegExp(`^jobs\\{state="${state}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}

type Times = { readonly stopMs: number; readonly takenOverMs: number }

/** The next in turn; the others go on meanwhile, if there are any. */
const restartOnce = async (fleet: Fleet, turn: number, load: Load): Promise<Times> => {
  const { members } = fleet
  const member = members[turn % members.length]
  const other = members[(turn + 1) % members.length]
  assert.ok(member !== undefined && other !== undefined)
  const { service } = member
  // As a deployment continues only when the previous instance has caught up.
  await until('the requests that were held back are answered', () => load.waiting() < 20)
  await until('calls are under way', async () => (await jobsIn(member.url, 'leased')) > 20)
  const stoppedAt = Date.now()
  const { code } = await service.stop(stopWithinMs)
  assert.equal(code, 0, service.stdout().slice(-500))
  const stopMs = Date.now() - stoppedAt
  if (other === member) await member.restart()
  const handedBackAt = Date.now()
  await until('no job of before is left to take over', () => isYounger(other.url, handedBackAt), {
    withinMs: takenOverWithinMs,
  })
  const takenOverMs = Date.now() - handedBackAt
  if (other !== member) await member.restart()
  return { stopMs, takenOverMs }
}

/** All jobs that no worker has were due only after the time. */
const isYounger = async (url: string, than: number): Promise<boolean> => {
  const now = Date.now()
  return now - 1_000 * (await readMetric(url, 'job_oldest_due_age_seconds')) > than
}

type Rolling = {
  readonly layout: Layout
  readonly roles: readonly Role[]
  readonly restarts: number
}

const rollOver = async ({ layout, roles, restarts }: Rolling) => {
  using folder = openFolder()
  await using simulator = await startSimulatorProcess(folder.path, {
    SIMULATOR_LATENCY_MIN_MS: '300',
    SIMULATOR_LATENCY_MAX_MS: '1500',
  })
  const delay = { SHUTDOWN_DELAY_MS: String(shutdownDelayMs) }
  const env = { RESERVATION_SERVICE_URL: simulator.url, ...delay }
  await using fleet = await openFleet({ layout, roles, folder: folder.path, env })
  const targetPorts = fleet.members.map(({ port }) => port)
  await using balancer = await openBalancer({ targetPorts, asksReady: 'often' })
  await using load = startLoad(balancer.url)
  const times: Times[] = []
  for (let n = 0; n < restarts; n += 1) times.push(await restartOnce(fleet, n, load))
  await load.end()
  const { url } = fleet
  await untilIdle(url)
  const carts = await Promise.all(users.map((user) => readCart(url, user)))
  const quantity = carts.reduce((sum, cart) => sum + cart.total_quantity, 0)
  const worlds = await compareWorlds(url, simulator.url, users)
  const { failed } = load
  const [sent, added] = [load.sent(), load.added()]
  const stopMs = Math.max(...times.map((time) => time.stopMs))
  const takenOverMs = Math.max(...times.map((time) => time.takenOverMs))
  const summary = { sent, added, failed: failed.length, quantity, stopMs, takenOverMs }
  return { ...summary, failures: failed, worlds, text: JSON.stringify(summary) }
}

for (const rolling of [
  { layout: 'embedded', roles: ['all'], restarts: scaled(10) },
  { layout: 'postgres', roles: ['all', 'all', 'all'], restarts: scaled(4) },
  { layout: 'postgres+redis', roles: ['all', 'all', 'all'], restarts: scaled(6) },
] as const) {
  const { layout, restarts } = rolling
  const skip = isMissing(layout)
  const name = `T8: ${restarts} restarts under load fail no request and leave no job, ${layout}`
  test(name, { skip }, async (t) => {
    const found = await rollOver(rolling)
    t.diagnostic(found.text)
    assert.deepEqual(found.failures, [])
    assert.equal(found.quantity, found.sent)
    assert.deepEqual(found.worlds.orphans, [])
    assert.deepEqual(found.worlds.unheld, [])
  })
}

/** The end of a service whose only call hangs, of a grade for which calls are waited for. */
const stopWhileHanging = async (delayMs: number): Promise<Exit> => {
  using folder = openFolder()
  await using simulator = await startSimulatorProcess(folder.path, {
    SIMULATOR_GRADE: 'bare',
    SIMULATOR_RATE_HANG: '1',
  })
  const env = {
    RESERVATION_SERVICE_URL: simulator.url,
    RESERVATION_SERVICE_GRADE: 'bare',
    SHUTDOWN_DELAY_MS: String(delayMs),
  }
  await using service = await startService({ folder: folder.path, env })
  await addItem(service.url, 'ada', 'apple')
  await until('the call is under way', async () => (await jobsIn(service.url, 'leased')) === 1)
  return await service.stop(stopWithinMs + 1_000)
}

test('T8: calls that hang do not delay the end beyond its limit, service bare', async () => {
  assert.equal((await stopWhileHanging(0)).code, 0)
})

test('T8: calls that hang do not delay the end beyond its limit, with a long shutdown delay', async () => {
  assert.equal((await stopWhileHanging(15_000)).code, 0)
})
