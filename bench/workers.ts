// Many slow calls open at once in several workers, with PostgreSQL between them and the process that
// answers requests; with Redis, it hands the jobs to them.
import { startRedis } from '../test/support/server-redis.ts'
import { assertFilesFor, readState, type State, sampleInFlight } from './calls.ts'
import { median } from './latencies.ts'
import { runAtRate } from './load.ts'
import { type PostgresServer, startPostgresServer } from './postgres-server.ts'
import { openFolder, readRss, startService, startSimulator, type Target } from './processes.ts'
import { fixed, toTable, whole } from './table.ts'
import { addsToNew } from './workloads.ts'

export type WorkersOptions = {
  readonly queue: 'store' | 'redis'
  readonly workers: number
  readonly inFlight: number
  readonly seconds: number
  readonly say: (line: string) => void
}

const latencyMs = 30_000
// A little more than calls end, so that every place for a call stays taken.
const surplus = 1.01
const fillSeconds = latencyMs / 1_000 + 3
const connections = 64
const aims = { rssMb: 512, p99Ms: 20 }

type Fleet = {
  readonly server: PostgresServer
  readonly api: Target
  readonly workers: readonly Target[]
  readonly simulators: readonly Target[]
}

export const runWorkers = async (
  options: WorkersOptions,
): Promise<{ readonly text: string; readonly errors: number }> => {
  const { queue, workers, inFlight, say } = options
  const perWorker = Math.ceil(inFlight / workers)
  assertFilesFor(perWorker)
  using folder = openFolder()
  await using stack = new AsyncDisposableStack()
  say('starting the servers')
  const server = stack.use(await startPostgresServer())
  await server.query('postgres', 'create database cart')
  const redis = queue === 'redis' ? stack.use(await startRedis()) : null
  const env = redis === null ? {} : { REDIS_URL: redis.url }
  const open = async (simulator: Target, own: Readonly<Record<string, string>>) =>
    stack.use(
      await startService({
        folder: folder.path,
        databaseUrl: server.urlOf('cart'),
        reservationServiceUrl: simulator.url,
        env: { ...env, ...own },
      }),
    )
  const simulators: Target[] = []
  for (let count = 0; count < workers; count += 1) {
    // One process each: it has as many open sockets as its worker.
    simulators.push(stack.use(await startSimulator(folder.path, latencyMs)))
  }
  const [first] = simulators
  if (first === undefined) throw new Error('there is no worker')
  const api = await open(first, { ROLE: 'api' })
  const started: Target[] = []
  const RESERVATION_CONCURRENCY = String(perWorker)
  for (const simulator of simulators) {
    started.push(await open(simulator, { ROLE: 'worker', RESERVATION_CONCURRENCY }))
  }
  return await measure({ server, api, workers: started, simulators }, options)
}

const measure = async (fleet: Fleet, { inFlight, seconds, queue, say }: WorkersOptions) => {
  const { api, simulators } = fleet
  const perSecond = (inFlight * 1_000 * surplus) / latencyMs
  const requests = addsToNew(Math.ceil(perSecond * (fillSeconds + seconds)) + 10).values()
  say(`filling for ${fillSeconds} s at ${fixed(perSecond, 1)} adds per second`)
  const rate = { perSecond, connections }
  const filled = await runAtRate(api.url, requests, { ...rate, seconds: fillSeconds })
  const before = await readFleet(fleet)
  const sampling = sampleInFlight(simulators, say)
  say(`measuring for ${seconds} s`)
  const adds = await runAtRate(api.url, requests, { ...rate, seconds })
  const samples = await sampling.stop()
  const after = await readFleet(fleet)
  const idle = '–'
  const rows = [
    ['calls in flight, median', whole(median(samples)), whole(inFlight)],
    ['calls in flight, lowest', whole(Math.min(...samples)), idle],
    ...rowsOfCalls(before, after, inFlight),
    ['adds sent per second', fixed(perSecond, 1), idle],
    ['adds, p50', `${fixed(adds.p50Ms, 1)} ms`, idle],
    ['adds, p99', `${fixed(adds.p99Ms, 1)} ms`, `${aims.p99Ms} ms`],
    ...rowsOfProcesses(fleet, before, after),
  ]
  return {
    text: `${toTable(['what', 'measured', 'aim'], rows)}
${fleet.workers.length} workers with ${whole(inFlight)} calls between them, the jobs from ${nameOf[queue]}, adds to one
process with ROLE=api; PostgreSQL ${fleet.server.version} on the same machine. Measured for ${seconds} s after
${fillSeconds} s of filling. Latencies of adds count from the time at which they were meant to be sent. The event
loop delay is nodejs_eventloop_lag_p99_seconds, which looks every 10 ms and counts these in: 10 ms stand
for no delay.
`,
    errors: filled.errors + adds.errors,
  }
}

const nameOf = { store: 'the store', redis: 'Redis' } as const

type FleetState = {
  readonly api: State
  readonly workers: readonly State[]
  readonly databaseMs: number
}

const readFleet = async ({ server, api, workers }: Fleet): Promise<FleetState> => ({
  databaseMs: server.readCpuMs(),
  api: await readState(api),
  workers: await Promise.all(workers.map(readState)),
})

const rowsOfCalls = (before: FleetState, after: FleetState, inFlight: number) => {
  const elapsedSeconds = (after.api.at - before.api.at) / 1_000
  const sum = (read: (state: State) => number) =>
    [-1, 1].reduce((total, sign) => {
      const states = sign === 1 ? after.workers : before.workers
      return total + sign * states.reduce((count, state) => count + read(state), 0)
    }, 0)
  const settled = sum((state) => state.settled) / elapsedSeconds
  const aim = fixed(inFlight / (latencyMs / 1_000), 1)
  return [
    ['reservations settled per second', fixed(settled, 1), aim],
    ['other outcomes of calls', whole(sum((state) => state.others)), '0'],
  ]
}

const rowsOfProcesses = ({ api, workers }: Fleet, before: FleetState, after: FleetState) => {
  const elapsedMs = after.api.at - before.api.at
  const rowsOf = (name: string, target: Target, from: State, to: State, rssAim: string) => [
    [`${name}: memory, most ever`, `${whole(readRss(target).peakMb)} MiB`, rssAim],
    [`${name}: of these, heap of the main thread`, `${whole(to.heapMb)} MiB`, '–'],
    [`${name}: event loop delay, p99`, `${fixed(to.loopP99Ms, 1)} ms`, '–'],
    [`${name}: cores used`, fixed((to.cpuMs - from.cpuMs) / (to.at - from.at), 2), '–'],
  ]
  const ofWorkers = workers.flatMap((worker, at) => {
    const [from, to] = [before.workers[at], after.workers[at]]
    if (from === undefined || to === undefined) return []
    return rowsOf(`worker ${at + 1}`, worker, from, to, `${aims.rssMb} MiB`)
  })
  const database = (after.databaseMs - before.databaseMs) / elapsedMs
  return [
    ...ofWorkers,
    ...rowsOf('api', api, before.api, after.api, '–'),
    ['PostgreSQL: cores used', fixed(database, 2), '–'],
  ]
}
