// The service on its SQLite file beside a bare Fastify that only echoes: rounds of both in turn,
// and the medians of their ratios, so that a noisy machine does not decide.
import { median } from './latencies.ts'
import { type Result, runWorkload, sendAll } from './load.ts'
import { waitForQuiet } from './machine.ts'
import {
  openFolder,
  readCpu,
  startEcho,
  startService,
  startSimulator,
  type Target,
} from './processes.ts'
import { fixed, toTable, whole } from './table.ts'
import {
  addsTo,
  addsWithKeys,
  fillCarts,
  fillReaders,
  getsOf,
  hotAdds,
  minimalAddsTo,
  type Workload,
} from './workloads.ts'
import { hasWrk, runWrk } from './wrk.ts'

export type EmbeddedOptions = {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly connections: readonly number[]
  readonly variants: 'with' | 'without'
  /** How long a round waits for other programs to pause. */
  readonly quietWithinMs: number
  readonly say: (line: string) => void
}

type Case = {
  readonly name: string
  readonly target: Target
  readonly connections: number
  readonly workload: (round: string) => Workload
}

type Round = Result & { readonly mainUs: number; readonly allUs: number }
type Measured = { readonly of: Case; readonly rounds: Round[]; readonly ratios: number[] }

const addedCarts = 100_000
const readCarts = 10_000
// So many that all of them stay warm at the default bound.
const sizes = [
  { items: 1, carts: 200 },
  { items: 50, carts: 200 },
  { items: 500, carts: 20 },
]
const latencyMs = 30_000
// What the idle service and simulator take, and a little more.
const quietCores = 0.15
const fillConnections = 32

type Bench = EmbeddedOptions & {
  readonly folder: string
  readonly generator: 'wrk' | 'bench/load.ts'
  /** Cores that other programs took before each round. */
  readonly others: number[]
}

export const runEmbedded = async (
  options: EmbeddedOptions,
): Promise<{ readonly text: string; readonly errors: number }> => {
  using folder = openFolder()
  const bench: Bench = {
    ...options,
    folder: folder.path,
    generator: hasWrk() ? 'wrk' : 'bench/load.ts',
    others: [],
  }
  await using simulator = await startSimulator(folder.path, latencyMs)
  const openService = (databaseUrl: string) =>
    startService({ folder: folder.path, databaseUrl, reservationServiceUrl: simulator.url })
  await using service = await openService(`sqlite:${folder.path}/cart.db`)
  bench.say(`making ${readCarts} carts to read`)
  await fill(service, fillReaders(readCarts))
  const cart = await (await fetch(`${service.url}/v1/cart/reader-0`)).text()
  await using echo = await startEcho(folder.path, cart)

  const measured: Measured[] = []
  const echoes: Measured[] = []
  const measure = async (cases: readonly Case[]) => {
    const { rows, base } = await measureInTurn(bench, echo, cases)
    measured.push(...rows)
    echoes.push(base)
  }
  for (const connections of bench.connections) {
    await measure(mainCases(service, echo, connections, cart.length))
  }
  if (bench.variants === 'with') {
    await measure(await variantCases(bench, service))
    await using volatile = await openService('memory:')
    await measure([{ ...addCase(volatile, 64), name: 'adds, memory: store' }])
  }
  const all = [...echoes.slice(0, bench.connections.length), ...measured]
  return {
    text: toText(bench, all),
    errors: [...echoes, ...measured].flatMap(({ rounds }) => rounds).reduce(sumErrors, 0),
  }
}

// A round without a single answer is a failure, though nothing was refused.
const sumErrors = (sum: number, { errors, answers }: Round): number =>
  sum + errors + (answers === 0 ? 1 : 0)

const addCase = (target: Target, connections: number): Case => {
  const workload = addsTo(addedCarts)
  return { name: 'adds', target, connections, workload: () => workload }
}

const mainCases = (
  service: Target,
  echo: Target,
  connections: number,
  cartBytes: number,
): readonly Case[] => {
  const gets = getsOf(readCarts)
  return [
    addCase(service, connections),
    { name: 'GETs', target: service, connections, workload: () => gets },
    {
      name: `echo GET, ${cartBytes} bytes`,
      target: echo,
      connections,
      workload: () => gets,
    },
  ]
}

const variantCases = async (bench: Bench, service: Target): Promise<readonly Case[]> => {
  const of = { target: service, connections: bench.connections[0] ?? 64 }
  for (const { items, carts } of sizes) {
    bench.say(`making ${carts} carts of ${items}`)
    await fill(service, fillCarts(carts, items))
  }
  return [
    {
      ...of,
      name: 'adds, Idempotency-Key',
      workload: (round) => addsWithKeys(addedCarts, round),
    },
    ...sizes.map(({ items, carts }) => ({
      ...of,
      name: `adds, minimal, ${carts} carts of ${items}`,
      workload: () => minimalAddsTo(carts, items),
    })),
    { ...of, name: 'adds, a hot cart', workload: hotAdds },
  ]
}

const fill = async (target: Target, requests: readonly string[]): Promise<void> => {
  const { errors } = await sendAll(target.url, requests, fillConnections)
  if (errors > 0) throw new Error(`${errors} of ${requests.length} requests failed`)
}

/** Before every round of a case a round of echo, which it is held against. */
const measureInTurn = async (
  bench: Bench,
  echo: Target,
  cases: readonly Case[],
): Promise<{ readonly rows: readonly Measured[]; readonly base: Measured }> => {
  const connections = cases[0]?.connections ?? 64
  const base = start({ ...addCase(echo, connections), name: 'echo POST' })
  const rows = cases.map(start)
  for (const { of } of [base, ...rows]) await runRound(bench, of, 'warm', bench.warmUpSeconds)
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const row of rows) {
      bench.others.push(await waitForQuiet(quietCores, bench.quietWithinMs))
      const before = await runRound(bench, base.of, `${round}`, bench.seconds)
      const result = await runRound(bench, row.of, `${round}`, bench.seconds)
      base.rounds.push(before)
      base.ratios.push(1)
      row.rounds.push(result)
      row.ratios.push(rateOf(result) / rateOf(before))
      bench.say(
        `${row.of.name}, ${connections} connections: ${whole(rateOf(result))}/s, ` +
          `echo ${whole(rateOf(before))}/s`,
      )
    }
  }
  return { rows, base }
}

const start = (of: Case): Measured => ({ of, rounds: [], ratios: [] })

const rateOf = ({ answers, seconds }: Result): number => answers / seconds

const runRound = async (
  bench: Bench,
  { target, workload, connections }: Case,
  round: string,
  seconds: number,
): Promise<Round> => {
  const made = workload(`${connections}-${round}`)
  const before = readCpu(target)
  const { folder, generator } = bench
  const result =
    generator === 'wrk'
      ? await runWrk(target.url, made, { folder, connections, seconds })
      : await runWorkload(target.url, made, { connections, seconds })
  const after = readCpu(target)
  const toUs = (ms: number) => (ms * 1_000) / Math.max(1, result.answers)
  return {
    ...result,
    mainUs: toUs(after.mainMs - before.mainMs),
    allUs: toUs(after.allMs - before.allMs),
  }
}

const headings = [
  'what',
  'conn.',
  'per second',
  '× echo',
  'range',
  'p50 ms',
  'p99 ms',
  'CPU µs, main',
  'CPU µs, all',
  'errors',
]

const toText = (bench: Bench, all: readonly Measured[]): string => {
  const rows = all.map(({ of, rounds, ratios }) => {
    const middle = (read: (round: Round) => number) => median(rounds.map(read))
    return [
      of.name,
      String(of.connections),
      whole(middle(rateOf)),
      fixed(median(ratios), 2),
      `${fixed(Math.min(...ratios), 2)}–${fixed(Math.max(...ratios), 2)}`,
      fixed(
        middle(({ p50Ms }) => p50Ms),
        1,
      ),
      fixed(
        middle(({ p99Ms }) => p99Ms),
        1,
      ),
      whole(middle(({ mainUs }) => mainUs)),
      whole(middle(({ allUs }) => allUs)),
      whole(rounds.reduce(sumErrors, 0)),
    ]
  })
  return `${toTable(headings, rows)}
Load by ${bench.generator}; ${bench.rounds} rounds of ${bench.seconds} s, medians. × echo: adds or GETs
per second over those of the echo POST in the round just before; range: its lowest and highest.
CPU: time on a core for each answer, of the main thread and of the whole process. Adds go to
${whole(addedCarts)} carts, GETs to ${whole(readCarts)} carts of one item, at random. minimal:
Prefer: return=minimal. A hot cart takes all connections on one item, and is followed by the next
after 8,000 adds, since an item holds at most 9,999 units. Before the rounds other programs took
${fixed(median(bench.others), 2)} cores (median), ${fixed(Math.max(...bench.others), 2)} at most.
`
}
