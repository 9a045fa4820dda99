// The benchmarks as a program: progress on standard error, one table on standard output.
import { parseArgs } from 'node:util'
import { runEmbedded } from './embedded.ts'
import { runPostgres } from './postgres.ts'
import { runReservations } from './reservations.ts'
import { runStarts } from './start.ts'
import { runWorkers } from './workers.ts'

const help = `npm run bench -- embedded|postgres|reservations|start [options]

embedded      adds and GETs per second on SQLite, beside a bare Fastify echo
postgres      adds on PostgreSQL, beside pgbench with the same rows; large carts, many carts
reservations  many calls to a reservation service of 30 s open at once
start         time from start to ready, and memory of the idle service

  --quick            a short run, to see that all works; its figures mean little
  --rounds N         embedded, postgres: rounds of each kind (5); start: starts of each kind (10)
  --seconds N        embedded, postgres: seconds of a round (4); reservations: seconds measured (90;
                     with workers 180)
  --connections A,B  embedded, postgres: connections of the load (64,256)
  --clients A,B      postgres: clients of pgbench (8,16,32,64)
  --only-main        embedded: without the variants
  --quiet-within N   seconds a round waits for other programs to pause (embedded 10, postgres 3)
  --in-flight N      reservations: calls open at once (10000; with workers 30000)
  --queue NAME       reservations: store or redis; on PostgreSQL, with processes of their own for the calls
  --workers N        reservations: so many of these processes (2)
  --help             this text
`

const say = (line: string) => process.stderr.write(`${line}\n`)

const readNumber = (text: string | undefined, fallback: number, name: string): number => {
  const value = text === undefined ? fallback : Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`--${name} must be a whole number above 0, not ${text}`)
}

const options = {
  help: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  'only-main': { type: 'boolean', default: false },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  connections: { type: 'string' },
  clients: { type: 'string' },
  'in-flight': { type: 'string' },
  'quiet-within': { type: 'string' },
  queue: { type: 'string' },
  workers: { type: 'string' },
} as const

const readValues = () => parseArgs({ allowPositionals: true, options })

type Values = ReturnType<typeof readValues>['values']
type Name = 'rounds' | 'seconds' | 'in-flight' | 'quiet-within' | 'workers'

const run = async (): Promise<number> => {
  const { values, positionals } = readValues()
  const [which] = positionals
  if (values.help || which === undefined) {
    process.stdout.write(help)
    return values.help ? 0 : 2
  }
  const report = await runNamed(which, values)
  if (report !== null) return print(report)
  say(`there is no benchmark ${which}`)
  process.stderr.write(help)
  return 2
}

const runNamed = async (which: string, values: Values): Promise<Report | null> => {
  const { quick } = values
  const count = (name: Name, usual: number, short = usual) =>
    readNumber(values[name], quick ? short : usual, name)
  const list = (name: 'connections' | 'clients', usual: string, short: string) =>
    (values[name] ?? (quick ? short : usual))
      .split(',')
      .map((text) => readNumber(text, Number.NaN, name))
  const quietWithinMs = (usual: number) => (quick ? 0 : 1_000 * count('quiet-within', usual))
  switch (which) {
    case 'embedded':
      return runEmbedded({
        rounds: count('rounds', 5, 1),
        seconds: count('seconds', 4, 1),
        warmUpSeconds: quick ? 1 : 2,
        connections: list('connections', '64,256', '64'),
        variants: values['only-main'] ? 'without' : 'with',
        quietWithinMs: quietWithinMs(10),
        say,
      })
    case 'postgres':
      return runPostgres({
        rounds: count('rounds', 5, 1),
        seconds: count('seconds', 4, 1),
        warmUpSeconds: quick ? 1 : 2,
        connections: list('connections', '64,256', '64'),
        clients: list('clients', '8,16,32,64', '8,16'),
        latencyConnections: quick ? [8] : [1, 16],
        carts: quick ? 5_000 : 100_000,
        fewCarts: 1_000,
        manyCarts: quick ? 20_000 : 1_000_000,
        quietWithinMs: quietWithinMs(3),
        say,
      })
    case 'reservations':
      if (values.queue === undefined && values.workers === undefined) {
        return runReservations({
          inFlight: count('in-flight', 10_000, 300),
          seconds: count('seconds', 90, 15),
          say,
        })
      }
      return runWorkers({
        queue: readQueue(values.queue),
        workers: count('workers', 2),
        inFlight: count('in-flight', 30_000, 300),
        seconds: count('seconds', 180, 15),
        say,
      })
    case 'start':
      return runStarts({ starts: count('rounds', 10, 2), say })
    default:
      return null
  }
}

const readQueue = (text = 'store'): 'store' | 'redis' => {
  if (text === 'store' || text === 'redis') return text
  throw new Error(`--queue must be store or redis, not ${text}`)
}

type Report = { readonly text: string; readonly errors: number }

const print = ({ text, errors }: Report): number => {
  process.stdout.write(text)
  if (errors > 0) say(`${errors} requests failed: the figures are not valid`)
  return errors > 0 ? 1 : 0
}

process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

try {
  process.exitCode = await run()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
