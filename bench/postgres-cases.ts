// What is measured on PostgreSQL, and what each is held against.
import type { Against, Case } from './in-turn.ts'
import { type Form, runPgbench, toScript } from './pgbench.ts'
import { type Bench, load, perAnswer } from './postgres-bench.ts'
import { readTypicalRows } from './postgres-rows.ts'
import type { Target } from './processes.ts'
import { whole } from './table.ts'
import {
  fewMinimalAdds,
  getsOf,
  hotKeyedAdds,
  keyedAdds,
  minimal,
  type Workload,
} from './workloads.ts'

export const sizes = [1, 50, 500]
// So few that the largest of them all stay warm at the default bound.
export const sizedCarts = 20
const aims = { adds: 1, hot: 0.5, large: 1.5, many: 1.2 }
// Of a million: as many requests as a generator can hold.
const drawnCarts = 50_000

const connectionsOf = (bench: Bench): number => bench.connections[0] ?? 64

const addsOf = (
  bench: Bench,
  name: string,
  targets: readonly Target[],
  connections: number,
): Case => ({
  name,
  connections,
  run: (round, seconds) =>
    load(bench, targets, { connections, seconds }, (at) =>
      keyedAdds({ carts: bench.carts, round: `${connections}-${round}-${at}` }),
    ),
})

const pgbenchOf = (bench: Bench, name: string, form: Form, clients: number): Case => {
  const { server, folder, carts } = bench
  const database = form === 'transaction' ? 'theirs' : 'theirs_in_one'
  const since = Date.now()
  return {
    name,
    connections: clients,
    run: async (_round, seconds) => {
      // As large as those that the service has written by now.
      const rows = await readTypicalRows(server, 'ours', since)
      const script = toScript({ rows, carts, nowMs: Date.now(), form })
      const before = server.readCpuMs()
      const result = await runPgbench(server, { database, folder, script, clients, seconds })
      const databaseUs = perAnswer(result, server.readCpuMs() - before)
      return { ...result, mainUs: Number.NaN, allUs: Number.NaN, databaseUs }
    },
  }
}

/** Adds come first: pgbench takes its rows from theirs. */
export const mainCases = (bench: Bench, service: Target): readonly Case[] => {
  const { clients, carts } = bench
  const bases = clients.map((count) => pgbenchOf(bench, 'pgbench', 'transaction', count))
  const best: Against = { words: 'pgbench, best', by: 'rate', cases: bases }
  const adds = bench.connections.map((count) => addsOf(bench, 'adds', [service], count))
  const connections = connectionsOf(bench)
  const ofService = (name: string, workload: (round: string) => Workload): Case => ({
    name,
    connections,
    run: (round, seconds) =>
      load(bench, [service], { connections, seconds }, () => workload(round)),
  })
  const spread: Against = { words: 'adds', by: 'rate', cases: adds.slice(0, 1), aim: aims.hot }
  const gets = getsOf(carts, 'user')
  const inOne = clients
    .slice(-2)
    .map((count) => pgbenchOf(bench, 'pgbench, one statement', 'statement', count))
  return [
    ...adds.map((each) => ({ each, against: { ...best, aim: aims.adds } })),
    ...bases.map((each) => ({ each, against: null })),
    ...inOne.map((each) => ({ each, against: best })),
    { each: ofService('adds, a hot cart', hotKeyedAdds), against: spread },
    { each: ofService('GETs', () => gets), against: null },
  ].map(({ each, against }) => holdAgainst(each, against))
}

/** The same object: others are held against it. */
const holdAgainst = (each: Case, against: Against | null): Case =>
  against === null ? each : Object.assign(each, { against })

export const sizeCases = (bench: Bench, service: Target, connections: number): readonly Case[] => {
  const ofSize = (items: number): Case => {
    const workload = fewMinimalAdds(sizedCarts, items)
    return {
      name: `adds, minimal, a cart of ${items}`,
      connections,
      run: (_round, seconds) => load(bench, [service], { connections, seconds }, () => workload),
    }
  }
  const [base, ...larger] = sizes.map(ofSize)
  if (base === undefined) return []
  const against: Against = { words: `a cart of ${sizes[0]}`, by: 'p50', cases: [base] }
  return [base, ...larger.map((each) => ({ ...each, against: { ...against, aim: aims.large } }))]
}

export const fleetCases = (bench: Bench, one: Target, two: readonly Target[]): readonly Case[] => {
  const connections = connectionsOf(bench)
  const base = addsOf(bench, 'adds, one process', [one], connections)
  const against: Against = { words: 'one process', by: 'rate', cases: [base] }
  return [base, { ...addsOf(bench, 'adds, two processes', two, connections), against }]
}

type FewAndMany = { readonly few: Target; readonly many: Target }

export const manyCases = (
  bench: Bench,
  { few, many }: FewAndMany,
  connections: number,
): readonly Case[] => {
  const { fewCarts, manyCarts } = bench
  const ofCarts = (name: string, target: Target, carts: number, drawn: number): Case => ({
    name: `adds, minimal, ${name}`,
    connections,
    run: (round, seconds) =>
      load(bench, [target], { connections, seconds }, () => {
        // Products of its own, so that no item gets as many reservations as it may.
        const shift = 1 + connections + (Number(round) || 0)
        const mark = `${connections}-${carts}-${round}`
        return keyedAdds({ carts, drawn, round: mark, shift, headers: minimal })
      }),
  })
  const base = ofCarts(`${whole(fewCarts)} carts`, few, fewCarts, fewCarts)
  const against: Against = {
    words: `${whole(fewCarts)} carts`,
    by: 'p50',
    cases: [base],
    aim: aims.many,
  }
  const drawn = Math.min(manyCarts, drawnCarts)
  const toFew = `to ${whole(fewCarts)} of ${whole(manyCarts)} carts`
  return [
    base,
    { ...ofCarts(toFew, many, fewCarts, fewCarts), against },
    { ...ofCarts(`${whole(manyCarts)} carts`, many, manyCarts, drawn), against },
  ]
}
