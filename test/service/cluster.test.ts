// CLUSTER: several processes on one port and one store, and the first process, which supervises them.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  addItem,
  openClient,
  readCart,
  readLedger,
  readMetric,
  send,
  untilIdle,
} from '../support/process-client.ts'
import { findFreePort } from '../support/process-port.ts'
import { openFolder, type Program, until, within } from '../support/process-program.ts'
import {
  flagsOfStart,
  type LogLine,
  launchService,
  type ServiceSettings,
  startSimulatorProcess,
  toLog,
} from '../support/process-service.ts'
import { openDatabase, postgresIsMissing } from '../support/server-postgres.ts'

const skip = postgresIsMissing()
const size = 2

interface Cluster extends Program {
  readonly url: string
  readonly log: () => readonly LogLine[]
  /** Of those that listen now. */
  readonly members: () => readonly number[]
}

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    // There is none, or not one of ours.
    return false
  }
}

const startCluster = async (databaseUrl: string, settings: ServiceSettings): Promise<Cluster> => {
  const env = { DATABASE_URL: databaseUrl, CLUSTER: String(size), LOG_LEVEL: 'debug' }
  const program = launchService({ ...settings, env: { ...env, ...settings.env } })
  const log = () => toLog(program.stdout())
  const listening = () => log().filter(({ msg }) => msg === 'listening')
  const { url } = await until('the cluster listens', () => {
    if (!program.isAlive()) throw new Error(`it ended: ${program.stderr()}${program.stdout()}`)
    return listening().find(({ pid }) => pid === program.pid)
  })
  const members = () =>
    listening()
      .map(({ pid }) => Number(pid))
      .filter((pid) => pid !== program.pid && isThere(pid))
  await until('all members listen', () => members().length === size)
  return {
    ...program,
    url: String(url),
    log,
    members,
    [Symbol.asyncDispose]: async () => {
      // Also a member that hangs.
      if (program.isAlive() || members().length > 0) process.kill(-program.pid, 'SIGKILL')
      await program.ended
    },
  }
}

const assertIsFree = async (url: string): Promise<void> => {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(Number(new URL(url).port), '127.0.0.1', () => server.close(() => resolve()))
  await promise
}

const untilGone = async (pids: readonly number[], withinMs: number): Promise<void> => {
  assert.equal(pids.length, size)
  await until('the members are gone', () => !pids.some(isThere), { withinMs })
}

test('both members of a cluster serve, all additions count, and each is reserved once', {
  skip,
}, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  await using simulator = await startSimulatorProcess(folder.path)
  const env = { RESERVATION_SERVICE_URL: simulator.url }
  await using cluster = await startCluster(database.url, { folder: folder.path, env })
  const count = 400
  let left = count
  const addUntilEnough = async () => {
    while (left > 0) {
      left -= 1
      const { status, text } = await addItem(cluster.url, 'ada', 'apple', {
        headers: { prefer: 'return=minimal' },
      })
      assert.equal(status, 201, text)
    }
  }
  await Promise.all(Array.from({ length: 32 }, addUntilEnough))
  const answered = await until('every answer is in the log', () => {
    const lines = cluster.log().filter(({ method }) => method === 'POST')
    return lines.length === count && lines
  })
  assert.deepEqual(
    new Set(answered.map(({ pid }) => Number(pid))),
    new Set(cluster.members()),
    'every member answered',
  )
  assert.equal(await readMetric(cluster.url, 'http_request_duration_seconds_count'), count)
  await untilIdle(cluster.url)
  const [item] = (await readCart(cluster.url, 'ada')).items
  assert.equal(item?.quantity, count)
  assert.equal(item?.reservation.reserved_quantity, count)
  const held = (await readLedger(simulator.url)).reduce((sum, { quantity }) => sum + quantity, 0)
  assert.equal(held, count)
})

test('/metrics of any member is the sum of all, and counts what is in the store once', {
  skip,
}, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  const latency = { SIMULATOR_LATENCY_MIN_MS: '60000', SIMULATOR_LATENCY_MAX_MS: '60000' }
  await using simulator = await startSimulatorProcess(folder.path, latency)
  const env = { RESERVATION_SERVICE_URL: simulator.url, RESERVATION_CONCURRENCY: '3' }
  await using cluster = await startCluster(database.url, { folder: folder.path, env })
  const products = Array.from({ length: 24 }, (_, index) => `product-${index}`)
  await Promise.all(products.map((product) => addItem(cluster.url, 'ada', product)))
  const askedAtOnce = await until('both call as often as they may', async () => {
    const texts = await Promise.all(products.map(() => send(`${cluster.url}/metrics`)))
    return texts.every(({ text }) => /^reservation_calls_open 6$/m.test(text)) && texts
  })
  for (const { text } of askedAtOnce) {
    const jobs = [...text.matchAll(/^jobs\{state="(\w+)"\} (\d+)$/gm)]
    const counts = Object.fromEntries(jobs.map(([, state, count]) => [state, Number(count)]))
    assert.equal(counts.due + counts.leased, products.length)
    assert.match(text, /^http_requests_total\{method="POST",[^}]*status="201"\} 24$/m)
    assert.match(text, /^nodejs_version_info\{.*\} 1$/m)
    assert.doesNotMatch(text, /NaN|undefined|null/)
  }
  const asked = cluster.log().filter(({ route }) => route === '/metrics')
  assert.equal(new Set(asked.map(({ pid }) => pid)).size, size, 'every member was asked')
})

test('a member that does not answer is left out of /metrics after a second', {
  skip,
}, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  await using cluster = await startCluster(database.url, { folder: folder.path })
  const [first = 0] = cluster.members()
  process.kill(first, 'SIGSTOP')
  // Half of the connections are with the one that hangs.
  const fastest = await Promise.any(
    Array.from({ length: 24 }, async () => {
      await using client = openClient({ connections: 1, timeoutMs: 8_000 })
      const startedAt = performance.now()
      const { status, text } = await client.send(`${cluster.url}/metrics`)
      return { status, text, ms: performance.now() - startedAt }
    }),
  )
  assert.equal(fastest.status, 200)
  assert.match(fastest.text, /^nodejs_version_info\{/m)
  assert.ok(fastest.ms > 900 && fastest.ms < 5_000, `${fastest.ms} ms`)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`after ${signal} all processes end well; PID_FILE has the id of the first one until then`, {
    skip,
  }, async () => {
    using folder = openFolder()
    await using database = await openDatabase()
    const pidFile = join(folder.path, 'pid')
    const env = { PID_FILE: pidFile }
    await using cluster = await startCluster(database.url, { folder: folder.path, env })
    assert.equal(readFileSync(pidFile, 'utf8'), `${cluster.pid}\n`)
    await addItem(cluster.url, 'ada', 'apple')
    const members = cluster.members()
    if (signal === 'SIGTERM') cluster.signal(signal)
    // A terminal sends it to all at once.
    else process.kill(-cluster.pid, signal)
    const { code } = await within('the end', cluster.ended, 5_000)
    assert.equal(code, 0, cluster.stdout())
    assert.deepEqual(members.filter(isThere), [])
    assert.equal(existsSync(pidFile), false)
    const stopped = cluster.log().filter(({ msg }) => msg === 'stopped')
    assert.deepEqual(
      new Set(stopped.map(({ pid }) => Number(pid))),
      new Set([...members, cluster.pid]),
    )
    await assertIsFree(cluster.url)
  })
}

test('a second SIGTERM ends all processes of a cluster at once', { skip }, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  const env = { SHUTDOWN_DELAY_MS: '15000' }
  await using cluster = await startCluster(database.url, { folder: folder.path, env })
  const members = cluster.members()
  cluster.signal('SIGTERM')
  await until('all stop', () => {
    return cluster.log().filter(({ msg }) => msg === 'stopping').length === size + 1
  })
  cluster.signal('SIGTERM')
  const { code } = await within('the end', cluster.ended, 2_000)
  assert.equal(code, 143)
  await untilGone(members, 2_000)
})

test('a member that was killed or stopped is replaced', { skip }, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  await using cluster = await startCluster(database.url, { folder: folder.path })
  await addItem(cluster.url, 'ada', 'apple')
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const before = cluster.members()
    const [victim = 0, other] = before
    process.kill(victim, signal)
    const after = await until('there are as many again', () => {
      const members = cluster.members()
      return members.length === size && !members.includes(victim) && members
    })
    assert.ok(after.some((pid) => pid === other))
  }
  const warned = cluster.log().filter(({ level }) => level === 'warn')
  assert.deepEqual(
    warned.map(({ code, signal, delayMs }) => ({ code, signal, delayMs })),
    [
      { code: null, signal: 'SIGKILL', delayMs: 500 },
      { code: 0, signal: null, delayMs: 500 },
    ],
  )
  assert.equal((await readCart(cluster.url, 'ada')).total_quantity, 1)
  assert.equal((await cluster.stop()).code, 0)
})

test('when the first process of a cluster is killed, the members end and free the port', {
  skip,
}, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  await using cluster = await startCluster(database.url, { folder: folder.path })
  await addItem(cluster.url, 'ada', 'apple')
  const members = cluster.members()
  process.kill(cluster.pid, 'SIGKILL')
  await untilGone(members, 5_000)
  await assertIsFree(cluster.url)
  const stopped = cluster.log().filter(({ msg }) => msg === 'stopped')
  assert.equal(stopped.length, size, 'in an orderly way')
})

test('members that cannot start are not restarted', { skip }, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  const missing = new URL(database.url)
  missing.pathname += '_missing'
  const env = { CLUSTER: '2', DATABASE_URL: missing.href }
  await using cluster = launchService({ folder: folder.path, env })
  const { code } = await within('the end', cluster.ended, 10_000)
  assert.equal(code, 1)
  const lines = cluster.stderr().trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^cart-service: cannot use the database of DATABASE_URL: /)
  assert.match(lines.at(-1) ?? '', /^cart-service: the processes of CLUSTER did not all start$/)
})

test('a port in use, and a mistake in the settings, are reported once', { skip }, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  const env = { CLUSTER: '2', DATABASE_URL: database.url }
  await using first = await startCluster(database.url, { folder: folder.path })
  const taken = { ...env, APP_PORT: new URL(first.url).port }
  await using second = launchService({ folder: folder.path, env: taken })
  assert.equal((await within('the end', second.ended, 10_000)).code, 1)
  assert.match(second.stderr(), /^cart-service: port \d+ of 127\.0\.0\.1 is in use; .*\n$/)
  const alone = { CLUSTER: '2', DATABASE_URL: 'memory:' }
  await using third = launchService({ folder: folder.path, env: alone })
  assert.equal((await within('the end', third.ended, 10_000)).code, 78)
  assert.match(third.stderr(), /^cart-service: CLUSTER=2 needs a DATABASE_URL .*\n$/)
})

test('npm start with a cluster runs one simulator', { skip }, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  const simulatorPort = await findFreePort()
  const env = { SIMULATOR_PORT: String(simulatorPort), SIMULATOR_LATENCY_MIN_MS: '0' }
  const flags = flagsOfStart()
  await using cluster = await startCluster(database.url, { folder: folder.path, flags, env })
  assert.equal((await send(`http://127.0.0.1:${simulatorPort}/health`)).status, 200)
  assert.equal(cluster.stdout().match(/simulator.* listening on/g)?.length, 1)
  assert.equal(cluster.stderr(), '')
  assert.equal((await cluster.stop()).code, 0)
})
