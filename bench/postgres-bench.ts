// What the measurements on PostgreSQL share: the server, databases of many carts, and load on services.
import { setTimeout as wait } from 'node:timers/promises'
import type { Round, Turns } from './in-turn.ts'
import { type Result, runWorkload, sendAll } from './load.ts'
import { copyCarts, sampleCart } from './postgres-rows.ts'
import type { PostgresServer } from './postgres-server.ts'
import { readCpu, type Target } from './processes.ts'
import { whole } from './table.ts'
import { toAdd, type Workload } from './workloads.ts'
import { runWrk } from './wrk.ts'

export type PostgresOptions = Omit<Turns, 'others'> & {
  readonly connections: readonly number[]
  /** Of pgbench; the fastest of them in a round counts. */
  readonly clients: readonly number[]
  /** Where latencies are compared. */
  readonly latencyConnections: readonly number[]
  readonly carts: number
  readonly manyCarts: number
  readonly fewCarts: number
}

export type Bench = PostgresOptions & {
  readonly server: PostgresServer
  readonly folder: string
  readonly generator: 'wrk' | 'bench/load.ts'
  readonly others: number[]
  /** Answers requests only, unless said so. */
  readonly openService: (database: string, role?: 'all' | 'api') => Promise<Target>
}

const settledWithinMs = 30_000

export const createDatabase = async (
  { server }: Bench,
  name: string,
  template: string,
): Promise<void> => {
  await server.query('postgres', `create database ${name} template ${template}`)
}

/**
 * The database `sample` has one cart, the reservation of its item settled, as it is of most carts;
 * the database `base` has many of it.
 */
export const makeSample = async (bench: Bench): Promise<void> => {
  const { server, say } = bench
  await server.query('postgres', 'create database sample')
  {
    await using service = await bench.openService('sample', 'all')
    await send(service, [toAdd(sampleCart, 999, { 'idempotency-key': 'fill-00000000000' })])
    const until = performance.now() + settledWithinMs
    const isSettled = async () =>
      (await (await fetch(`${service.url}/v1/cart/${sampleCart}`)).text()).includes('"reserved"')
    while (!(await isSettled())) {
      if (performance.now() > until) throw new Error('the reservation was not settled in time')
      await wait(50)
    }
  }
  say(`making ${whole(bench.carts)} carts`)
  await createDatabase(bench, 'base', 'sample')
  await copyCarts(server, 'base', bench.carts)
}

export const send = async (target: Target, requests: readonly string[]): Promise<void> => {
  const { errors } = await sendAll(target.url, requests, 16)
  if (errors > 0) throw new Error(`${errors} of ${requests.length} requests failed`)
}

export const perAnswer = ({ answers }: Result, ms: number): number =>
  (ms * 1_000) / Math.max(1, answers)

export type Load = { readonly connections: number; readonly seconds: number }

/** On several targets at once, each with its share of the connections. */
export const load = async (
  { server, folder, generator }: Bench,
  targets: readonly Target[],
  { connections, seconds }: Load,
  workloadOf: (target: number) => Workload,
): Promise<Round> => {
  const share = { connections: Math.ceil(connections / targets.length), seconds }
  const workloads = targets.map((_, at) => workloadOf(at))
  const read = () => ({ database: server.readCpuMs(), services: targets.map(readCpu) })
  const before = read()
  const results = await Promise.all(
    targets.map(({ url }, at) => {
      const workload = workloads[at] ?? workloadOf(at)
      return generator === 'wrk'
        ? runWrk(url, workload, { folder, ...share })
        : runWorkload(url, workload, share)
    }),
  )
  const after = read()
  const sum = (read: (result: Result) => number) =>
    results.reduce((total, result) => total + read(result), 0)
  const used = (of: 'mainMs' | 'allMs') =>
    after.services.reduce((ms, cpu, at) => ms + cpu[of] - (before.services[at]?.[of] ?? 0), 0)
  const result = {
    answers: sum(({ answers }) => answers),
    errors: sum(({ errors }) => errors),
    seconds: Math.max(...results.map((each) => each.seconds)),
    p50Ms: sum(({ p50Ms }) => p50Ms) / results.length,
    p99Ms: Math.max(...results.map(({ p99Ms }) => p99Ms)),
  }
  return {
    ...result,
    mainUs: perAnswer(result, used('mainMs')),
    allUs: perAnswer(result, used('allMs')),
    databaseUs: perAnswer(result, after.database - before.database),
  }
}
