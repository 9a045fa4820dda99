// The benchmarks as a program: progress on standard error, one table on standard output.
import { parseArgs } from 'node:util'
import { runEmbedded } from './embedded.ts'
import { runReservations } from './reservations.ts'
import { runStarts } from './start.ts'

const help = `npm run bench -- embedded|reservations|start [options]

embedded      adds and GETs per second on SQLite, beside a bare Fastify echo
reservations  many calls to a reservation service of 30 s open at once
start         time from start to ready, and memory of the idle service

  --quick            a short run, to see that all works; its figures mean little
  --rounds N         embedded: rounds of each kind (5); start: starts of each kind (10)
  --seconds N        embedded: seconds of a round (4); reservations: seconds measured (90)
  --connections A,B  embedded: connections of the load (64,256)
  --only-main        embedded: without the variants
  --quiet-within N   embedded: seconds a round waits for other programs to pause (10)
  --in-flight N      reservations: calls open at once (10000)
  --help             this text
`

const say = (line: string) => process.stderr.write(`${line}\n`)

const readNumber = (text: string | undefined, fallback: number, name: string): number => {
  const value = text === undefined ? fallback : Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`--${name} must be a whole number above 0, not ${text}`)
}

const run = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      'only-main': { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string', default: '64,256' },
      'in-flight': { type: 'string' },
      'quiet-within': { type: 'string' },
    },
  })
  const { quick } = values
  const count = (name: 'rounds' | 'seconds' | 'in-flight', usual: number, short: number) =>
    readNumber(values[name], quick ? short : usual, name)
  const [which] = positionals
  if (values.help || which === undefined) {
    process.stdout.write(help)
    return values.help ? 0 : 2
  }
  switch (which) {
    case 'embedded':
      return print(
        await runEmbedded({
          rounds: count('rounds', 5, 1),
          seconds: count('seconds', 4, 1),
          connections: values.connections
            .split(',')
            .map((text) => readNumber(text, 64, 'connections')),
          variants: values['only-main'] ? 'without' : 'with',
          quietWithinMs: quick ? 0 : 1_000 * readNumber(values['quiet-within'], 10, 'quiet-within'),
          say,
        }),
      )
    case 'reservations':
      return print(
        await runReservations({
          inFlight: count('in-flight', 10_000, 300),
          seconds: count('seconds', 90, 15),
          say,
        }),
      )
    case 'start':
      return print(await runStarts({ starts: count('rounds', 10, 2), say }))
    default:
      say(`there is no benchmark ${which}`)
      process.stderr.write(help)
      return 2
  }
}

const print = ({ text, errors }: { readonly text: string; readonly errors: number }): number => {
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
