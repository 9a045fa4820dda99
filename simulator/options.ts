// The simulator's settings: one table that the environment, PATCH /settings and --help all read,
// so that the three can't drift apart. Pure: it reads no file and no process.env by itself.

export type Grade = 'keyed' | 'lookup' | 'bare'

export type LiveName =
  | 'latencyMinMs'
  | 'latencyMaxMs'
  | 'lateMs'
  | 'releaseLatencyMs'
  | 'rateRefuse'
  | 'rateError'
  | 'rateResetBefore'
  | 'rateResetAfter'
  | 'rateHang'
  | 'rateLate'
  | 'rateGarbage'
  | 'rateReleaseError'

/** What can be changed while the simulator runs. */
export type LiveOptions = Readonly<Record<LiveName, number>>

export type SimulatorOptions = LiveOptions & {
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  /** Path of the SQLite file, or `memory`. */
  readonly ledger: string
  readonly grade: Grade
  /** Null draws a seed. */
  readonly seed: number | null
}

export type ProgramOptions = SimulatorOptions & {
  /** Whose end ends the program; `none` for a program that stands alone. */
  readonly parent: 'none' | 'ipc' | 'stdin'
}

export class OptionsError extends Error {
  readonly mistakes: readonly string[]
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('; '))
    this.name = 'OptionsError'
    this.mistakes = mistakes
  }
}

type NumberRule = {
  readonly env: string
  readonly initial: number
  readonly max: number
  readonly whole: boolean
  readonly about: string
}

const dayMs = 86_400_000
const duration = (env: string, initial: number, about: string): NumberRule => {
  return { env, initial, max: dayMs, whole: true, about }
}
const rate = (env: string, about: string): NumberRule => {
  return { env, initial: 0, max: 1, whole: false, about }
}

const portRule: NumberRule = {
  env: 'SIMULATOR_PORT',
  initial: 8081,
  max: 65_535,
  whole: true,
  about: 'port to listen on, 0 for a free one',
}

const seedRule: NumberRule = {
  env: 'SIMULATOR_SEED',
  initial: 0,
  max: 4_294_967_295,
  whole: true,
  about: 'makes the draws reproducible; unset = drawn at the start',
}

const liveRules: Readonly<Record<LiveName, NumberRule>> = {
  latencyMinMs: duration('SIMULATOR_LATENCY_MIN_MS', 2_000, 'shortest time of a reservation'),
  latencyMaxMs: duration('SIMULATOR_LATENCY_MAX_MS', 35_000, 'longest time of a reservation'),
  lateMs: duration('SIMULATOR_LATE_MS', 150_000, 'time of a late reservation'),
  releaseLatencyMs: duration('SIMULATOR_RELEASE_LATENCY_MS', 50, 'time of a release or look-up'),
  rateRefuse: rate('SIMULATOR_RATE_REFUSE', '409 out of stock, of the calls without other fault'),
  rateError: rate('SIMULATOR_RATE_ERROR', '500 without effect'),
  rateResetBefore: rate('SIMULATOR_RATE_RESET_BEFORE', 'connection reset, without effect'),
  rateResetAfter: rate('SIMULATOR_RATE_RESET_AFTER', 'effect made, then connection reset'),
  rateHang: rate('SIMULATOR_RATE_HANG', 'never answers, without effect'),
  rateLate: rate('SIMULATOR_RATE_LATE', 'effect and answer only after SIMULATOR_LATE_MS'),
  rateGarbage: rate('SIMULATOR_RATE_GARBAGE', 'effect made, then an unreadable 200'),
  rateReleaseError: rate('SIMULATOR_RATE_RELEASE_ERROR', 'release answered 500, without effect'),
}

const texts = {
  host: { env: 'SIMULATOR_HOST', initial: '127.0.0.1', about: 'address to listen on' },
  ledger: {
    env: 'SIMULATOR_LEDGER',
    initial: './data/simulator.db',
    about: 'file of the durable ledger, or memory',
  },
  grade: { env: 'SIMULATOR_GRADE', initial: 'keyed', about: 'keyed, lookup or bare' },
  parent: {
    env: 'SIMULATOR_PARENT',
    initial: 'none',
    about: 'ipc or stdin: end when the parent closes it (a forked child: ipc)',
  },
} as const

const liveNames = Object.keys(liveRules) as readonly LiveName[]

/** The faults of which at most one befalls a call. */
export const callFaultRates = [
  'rateError',
  'rateResetBefore',
  'rateResetAfter',
  'rateHang',
  'rateLate',
  'rateGarbage',
] as const

function mapLive(read: (name: LiveName) => number): LiveOptions {
  return {
    latencyMinMs: read('latencyMinMs'),
    latencyMaxMs: read('latencyMaxMs'),
    lateMs: read('lateMs'),
    releaseLatencyMs: read('releaseLatencyMs'),
    rateRefuse: read('rateRefuse'),
    rateError: read('rateError'),
    rateResetBefore: read('rateResetBefore'),
    rateResetAfter: read('rateResetAfter'),
    rateHang: read('rateHang'),
    rateLate: read('rateLate'),
    rateGarbage: read('rateGarbage'),
    rateReleaseError: read('rateReleaseError'),
  }
}

const initialLive = mapLive((name) => liveRules[name].initial)

const wireName = (name: LiveName) => liveRules[name].env.slice('SIMULATOR_'.length).toLowerCase()

/** The live settings under the names that PATCH /settings takes. */
export function toWireSettings(live: LiveOptions): Record<string, number> {
  return Object.fromEntries(liveNames.map((name) => [wireName(name), live[name]]))
}

function isAllowed(value: unknown, rule: NumberRule): value is number {
  return (
    typeof value === 'number' &&
    value >= 0 &&
    value <= rule.max &&
    (!rule.whole || Number.isInteger(value))
  )
}

const wanted = (rule: NumberRule) =>
  `must be ${rule.whole ? 'a whole number' : 'a number'} from 0 to ${rule.max}`

function findContradictions(live: LiveOptions, nameOf: (name: LiveName) => string): string[] {
  const mistakes: string[] = []
  if (live.latencyMinMs > live.latencyMaxMs) {
    mistakes.push(`${nameOf('latencyMinMs')} must not exceed ${nameOf('latencyMaxMs')}`)
  }
  const sum = callFaultRates.reduce((total, name) => total + live[name], 0)
  // Rates such as 0.7 + 0.2 + 0.1 add up to a hair more than 1.
  if (sum > 1 + 1e-9) {
    mistakes.push(`${callFaultRates.map(nameOf).join(' + ')} must not exceed 1`)
  }
  return mistakes
}

/** @throws OptionsError naming every mistake, not just the first. */
export function readOptions(env: Readonly<Record<string, string | undefined>>): ProgramOptions {
  const mistakes: string[] = []
  const readText = (setting: { env: string; initial: string }) => {
    return env[setting.env]?.trim() || setting.initial
  }
  const readNumber = (rule: NumberRule) => {
    const text = env[rule.env]?.trim() ?? ''
    if (text === '') return rule.initial
    const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : undefined
    if (isAllowed(value, rule)) return value
    mistakes.push(`${rule.env} ${wanted(rule)}, not ${JSON.stringify(text)}`)
    return rule.initial
  }
  const readChoice = <T extends string>(
    setting: { env: string; initial: string },
    choices: readonly [T, ...T[]],
  ) => {
    const text = readText(setting)
    const choice = choices.find((candidate) => candidate === text)
    if (choice !== undefined) return choice
    mistakes.push(`${setting.env} must be ${choices.join(', ')}, not ${JSON.stringify(text)}`)
    return choices[0]
  }
  const live = mapLive((name) => readNumber(liveRules[name]))
  const options: ProgramOptions = {
    ...live,
    host: readText(texts.host),
    port: readNumber(portRule),
    ledger: readText(texts.ledger),
    grade: readChoice(texts.grade, ['keyed', 'lookup', 'bare']),
    seed: env[seedRule.env]?.trim() ? readNumber(seedRule) : null,
    parent: readChoice(texts.parent, ['none', 'ipc', 'stdin']),
  }
  mistakes.push(...findContradictions(live, (name) => liveRules[name].env))
  if (mistakes.length > 0) throw new OptionsError(mistakes)
  return options
}

/** The settings of a simulator inside a test: a free port and nothing left on the disk. */
export function fillOptions(given: Partial<SimulatorOptions>): SimulatorOptions {
  const base = {
    ...initialLive,
    host: texts.host.initial,
    port: 0,
    ledger: 'memory',
    grade: texts.grade.initial,
    seed: null,
  }
  const options = { ...base, ...given }
  return { ...options, ...changeLive(initialLive, pickLive(options)) }
}

const pickLive = (options: LiveOptions) => mapLive((name) => options[name])

/** @throws OptionsError; the settings in force then stay as they are. */
export function changeLive(current: LiveOptions, changes: Partial<LiveOptions>): LiveOptions {
  const changed = mapLive((name) => changes[name] ?? current[name])
  const mistakes = liveNames
    .filter((name) => !isAllowed(changed[name], liveRules[name]))
    .map((name) => `${wireName(name)} ${wanted(liveRules[name])}`)
  mistakes.push(...findContradictions(changed, wireName))
  if (mistakes.length > 0) throw new OptionsError(mistakes)
  return changed
}

/** @throws OptionsError */
export function readChanges(body: unknown): Partial<LiveOptions> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new OptionsError(['the body must be a JSON object'])
  }
  const mistakes: string[] = []
  const changes: Partial<Record<LiveName, number>> = {}
  for (const [key, value] of Object.entries(body)) {
    const name = liveNames.find((candidate) => wireName(candidate) === key)
    if (name === undefined) mistakes.push(`${key} is not a setting that can be changed`)
    else if (isAllowed(value, liveRules[name])) changes[name] = value
    else mistakes.push(`${key} ${wanted(liveRules[name])}`)
  }
  if (mistakes.length > 0) throw new OptionsError(mistakes)
  return changes
}

export function describeSettings(): string {
  const all = [...Object.values(texts), portRule, seedRule, ...Object.values(liveRules)]
  const lines = all.map(({ env, initial, about }) => {
    const fallback = env === seedRule.env ? '' : ` (${initial})`
    return `  ${env.padEnd(30)}${about}${fallback}`
  })
  return [
    'The reservation simulator: a slow, faulty reservation service.',
    '',
    'usage: node simulator/main.ts',
    '',
    ...lines,
    '',
    'Rates lie between 0 and 1; those of one call add up to 1 at most.',
    '',
  ].join('\n')
}
