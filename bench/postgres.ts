// The service on PostgreSQL beside the database alone, which pgbench measures with the rows that an add of
// the service writes; and what a hot cart, a large cart, a large database and a second process change.
import { errorsOf, headings, type Line, measureInTurn, toRow } from './in-turn.ts'
import { median } from './latencies.ts'
import {
  type Bench,
  createDatabase,
  makeSample,
  type PostgresOptions,
  send,
} from './postgres-bench.ts'
import { fleetCases, mainCases, manyCases, sizeCases, sizedCarts, sizes } from './postgres-cases.ts'
import { compareWritten, copyCarts, readWritten } from './postgres-rows.ts'
import { startPostgresServer } from './postgres-server.ts'
import { openFolder, startService, startSimulator } from './processes.ts'
import { fixed, toTable, whole } from './table.ts'
import { fillCarts } from './workloads.ts'
import { hasWrk } from './wrk.ts'

export type { PostgresOptions } from './postgres-bench.ts'

// Only for the one reservation of the sample: afterwards no worker runs.
const callMs = 10

export const runPostgres = async (
  options: PostgresOptions,
): Promise<{ readonly text: string; readonly errors: number }> => {
  using folder = openFolder()
  options.say('starting PostgreSQL')
  await using server = await startPostgresServer()
  await using simulator = await startSimulator(folder.path, callMs)
  const bench: Bench = {
    ...options,
    server,
    folder: folder.path,
    generator: hasWrk() ? 'wrk' : 'bench/load.ts',
    others: [],
    openService: (database, role = 'api') =>
      startService({
        folder: folder.path,
        databaseUrl: server.urlOf(database),
        reservationServiceUrl: simulator.url,
        env: { ROLE: role },
      }),
  }
  await makeSample(bench)
  const main = await measureMain(bench)
  const lines = [...main.lines, ...(await measureFleet(bench)), ...(await measureMany(bench))]
  return { text: toText(bench, lines, main.written), errors: errorsOf(lines) }
}

type Written = ReturnType<typeof compareWritten>

/** One service and pgbench, each on a copy of one database. */
const measureMain = async (bench: Bench) => {
  const { server, say } = bench
  for (const name of ['ours', 'theirs', 'theirs_in_one']) await createDatabase(bench, name, 'base')
  await using service = await bench.openService('ours')
  const startedAt = Date.now()
  const lines: Line[] = [...(await measureInTurn(bench, mainCases(bench, service)))]
  const written = compareWritten(
    await readWritten(server, 'ours', startedAt),
    await readWritten(server, 'theirs', startedAt),
  )
  for (const items of sizes) {
    say(`making ${sizedCarts} carts of ${items}`)
    await send(service, fillCarts(sizedCarts, items))
  }
  for (const connections of bench.latencyConnections) {
    lines.push(...(await measureInTurn(bench, sizeCases(bench, service, connections))))
  }
  return { lines, written }
}

const measureFleet = async (bench: Bench): Promise<readonly Line[]> => {
  for (const name of ['alone', 'shared']) await createDatabase(bench, name, 'base')
  await using one = await bench.openService('alone')
  await using first = await bench.openService('shared')
  await using second = await bench.openService('shared')
  return await measureInTurn(bench, fleetCases(bench, one, [first, second]))
}

/** Few carts in one database, many in another, a service for each. */
const measureMany = async (bench: Bench): Promise<readonly Line[]> => {
  const { fewCarts, manyCarts, say, server } = bench
  for (const [name, count] of Object.entries({ few: fewCarts, many: manyCarts })) {
    say(`making ${whole(count)} carts`)
    await createDatabase(bench, name, 'sample')
    await copyCarts(server, name, count)
  }
  await using few = await bench.openService('few')
  await using many = await bench.openService('many')
  const lines: Line[] = []
  for (const connections of bench.latencyConnections) {
    lines.push(...(await measureInTurn(bench, manyCases(bench, { few, many }, connections))))
  }
  return lines
}

const toText = (bench: Bench, lines: readonly Line[], written: Written): string => {
  const { server, generator, rounds, seconds, carts, others } = bench
  const { bytesText, rowsText, isSame } = written
  return `${toTable(headings, lines.map(toRow))}
PostgreSQL ${server.version} on this machine, each statement on disk before its answer, no checkpoint
meanwhile. Load by ${generator}; ${rounds} rounds of ${seconds} s in turn, medians. A ratio is formed within
a round; range: its lowest and highest. CPU: µs on a core for each answer: the service's main thread, its
processes, all processes of PostgreSQL. The service runs with ROLE=api, so that nothing but adds and GETs
is measured.

adds: each with an Idempotency-Key, to ${whole(carts)} carts of one item at random, two products a cart.
pgbench: prepared, the same choice of carts and products, and in one transaction the rows that such an add
writes, a statement for each (one statement: for all of them); its p50 is the average; the ratio is to its
fastest of a round. Both work on copies of one database.
Bytes of a row, service / pgbench: ${bytesText}.
Rows of an add, service / pgbench: ${rowsText}.${isSame ? '' : '\nTHEY DIFFER: the ratio to pgbench means little.'}
A hot cart takes all connections on one item, and is followed by the next after 8,000 adds. minimal: Prefer:
return=minimal. Carts of 1 to 500 items: ${sizedCarts} of each, which all stay warm in the process, no
Idempotency-Key; their items have as many reservations under way as they may, so these adds make no
jobs. Many carts: ${whole(bench.manyCarts)} in one
database, ${whole(bench.fewCarts)} in the other, each add with an Idempotency-Key.
Before the rounds other programs took ${fixed(median(others), 2)} cores (median), ${fixed(Math.max(...others), 2)} at most.
`
}
