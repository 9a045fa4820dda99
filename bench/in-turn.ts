// Rounds of several measurements in turn, ratios within a round, and medians of both: what disturbs the
// machine for a while disturbs all of them.
import { median } from './latencies.ts'
import type { Result } from './load.ts'
import { waitForQuiet } from './machine.ts'
import { fixed, whole } from './table.ts'

/** µs of CPU for an answer; not a number where it was not measured. */
export type Cost = { readonly mainUs: number; readonly allUs: number; readonly databaseUs: number }
export type Round = Result & Cost

export type Against = {
  readonly words: string
  /** Of several, the best of the round counts. */
  readonly cases: readonly Case[]
  readonly by: 'rate' | 'p50'
  readonly aim?: number
}

export type Case = {
  readonly name: string
  readonly connections: number
  readonly run: (round: string, seconds: number) => Promise<Round>
  readonly against?: Against
}

export type Line = { readonly of: Case; readonly rounds: Round[]; readonly ratios: number[] }

export type Turns = {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** How long a round waits for other programs to pause. */
  readonly quietWithinMs: number
  readonly say: (line: string) => void
  /** Cores that other programs took before each round. */
  readonly others: number[]
}

// What the idle processes of a benchmark take, and a little more.
const quietCores = 0.15

export const measureInTurn = async (
  turns: Turns,
  cases: readonly Case[],
): Promise<readonly Line[]> => {
  const lines = cases.map((of): Line => ({ of, rounds: [], ratios: [] }))
  for (const { run } of cases) await run('warm', turns.warmUpSeconds)
  for (let round = 0; round < turns.rounds; round += 1) {
    const results = new Map<Case, Round>()
    for (const { of, rounds } of lines) {
      turns.others.push(await waitForQuiet(quietCores, turns.quietWithinMs))
      const result = await of.run(String(round), turns.seconds)
      rounds.push(result)
      results.set(of, result)
      turns.say(
        `${of.name}, ${of.connections} connections: ${whole(rateOf(result))}/s, ` +
          `${fixed(result.p50Ms, 2)} ms`,
      )
    }
    for (const { of, ratios } of lines) {
      const result = results.get(of)
      if (of.against !== undefined && result !== undefined) {
        ratios.push(ratioOf(result, of.against, results))
      }
    }
  }
  return lines
}

const rateOf = ({ answers, seconds }: Result): number => answers / seconds

const ratioOf = (
  result: Round,
  { cases, by }: Against,
  results: ReadonlyMap<Case, Round>,
): number => {
  const bases = cases.flatMap((of) => results.get(of) ?? [])
  return by === 'rate'
    ? rateOf(result) / Math.max(...bases.map(rateOf))
    : result.p50Ms / Math.min(...bases.map(({ p50Ms }) => p50Ms))
}

// A round without a single answer is a failure, though nothing was refused.
const errorsIn = (rounds: readonly Round[]): number =>
  rounds.reduce((sum, { errors, answers }) => sum + errors + (answers === 0 ? 1 : 0), 0)

export const errorsOf = (lines: readonly Line[]): number =>
  errorsIn(lines.flatMap(({ rounds }) => rounds))

export const headings = [
  'what',
  'conn.',
  'per second',
  'p50 ms',
  'p99 ms',
  'ratio',
  'range',
  'of what',
  'aim',
  'CPU µs, main',
  'CPU µs, service',
  'CPU µs, PostgreSQL',
  'errors',
]

export const toRow = ({ of, rounds, ratios }: Line): readonly string[] => {
  const middle = (read: (round: Round) => number, write: (value: number) => string) => {
    const value = median(rounds.map(read))
    return Number.isNaN(value) ? '–' : write(value)
  }
  const { against } = of
  const range = `${fixed(Math.min(...ratios), 2)}–${fixed(Math.max(...ratios), 2)}`
  return [
    of.name,
    String(of.connections),
    middle(rateOf, whole),
    middle(
      ({ p50Ms }) => p50Ms,
      (value) => fixed(value, 2),
    ),
    middle(
      ({ p99Ms }) => p99Ms,
      (value) => fixed(value, 1),
    ),
    against === undefined ? '' : fixed(median(ratios), 2),
    against === undefined ? '' : range,
    against === undefined ? '' : `${against.by} of ${against.words}`,
    against === undefined ? '' : aimOf(against, median(ratios)),
    middle(({ mainUs }) => mainUs, whole),
    middle(({ allUs }) => allUs, whole),
    middle(({ databaseUs }) => databaseUs, whole),
    whole(errorsIn(rounds)),
  ]
}

const aimOf = ({ by, aim }: Against, ratio: number): string => {
  if (aim === undefined) return ''
  const isReached = by === 'p50' ? ratio <= aim : ratio >= aim
  return `${by === 'p50' ? '≤' : '≥'} ${fixed(aim, 1)}: ${isReached ? 'yes' : 'no'}`
}
