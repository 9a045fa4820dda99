// The environment, read once, as checked values. Pure: all mistakes come back together.
import type { Setting } from './setting-kinds.ts'
import { type Database, settings } from './settings.ts'

export { type Database, settings } from './settings.ts'

type Values = {
  readonly [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]['parse']>
}

export type Config = Values

export type Environment = Readonly<Record<string, string | undefined>>

/** Settings of the other ways to run this service; refused, so that they do not seem to be on. */
const unsupported = [
  'DYNAMODB_TABLE',
  'DYNAMODB_ENDPOINT',
  'RATE_LIMIT_RPS',
  'EVENTBRIDGE_ENABLED',
  'AWS_XRAY_ENABLED',
]

const isOff = (text: string | undefined): boolean => ['', 'false', 'off', '0'].includes(text ?? '')

export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** @throws ConfigError with every mistake at once, a line each. */
export const readConfig = (env: Environment, readFile: (path: string) => string): Config => {
  const problems: string[] = []
  const values = Object.entries(settings).map(([key, each]) => {
    try {
      const text = textOf(each, env, readFile)
      return [key, each.parse(text === '' ? each.fallback : text)]
    } catch (error) {
      problems.push(`${each.name} ${error instanceof Error ? error.message : error}`)
      return [key, undefined]
    }
  })
  for (const name of unsupported) {
    if (!isOff(env[name])) problems.push(`${name} is not supported by this version; unset it`)
  }
  const config = Object.fromEntries(values) as Config
  problems.push(...findContradictions(config))
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

const textOf = (
  { name, isSecret }: Setting<unknown>,
  env: Environment,
  readFile: (path: string) => string,
): string => {
  const file = env[`${name}_FILE`]
  if (!isSecret || file === undefined || file === '') return (env[name] ?? '').trim()
  if ((env[name] ?? '') !== '') throw new Error(`and ${name}_FILE are both set; unset one`)
  try {
    return readFile(file).trim()
  } catch {
    throw new Error(`cannot be read from ${file}, which ${name}_FILE names`)
  }
}

const isAbove = (low: number | undefined, high: number | undefined): boolean =>
  low !== undefined && high !== undefined && low > high

const isOfOneProcess = (database: Database | undefined): boolean =>
  database?.kind === 'sqlite' || database?.kind === 'memory'

/** Settings that could not be read are undefined here, and contradict nothing. */
const findContradictions = (config: Partial<Config>): readonly string[] => {
  const problems: string[] = []
  const { envName, reservations, reservationServiceUrl: url } = config
  if (envName === 'prod' && reservations === 'on' && url === null) {
    problems.push('RESERVATION_SERVICE_URL is missing; ENV_NAME=prod needs it or RESERVATIONS=off')
  }
  const { role, database, cluster } = config
  if (isOfOneProcess(database)) {
    const needs = 'needs a DATABASE_URL that other processes can use: postgresql://'
    if (role !== undefined && role !== 'all') problems.push(`ROLE=${role} ${needs}`)
    if (config.redisUrl) problems.push(`REDIS_URL ${needs}`)
    if (cluster !== undefined && cluster > 1) problems.push(`CLUSTER=${cluster} ${needs}`)
  }
  if (config.catalog?.kind === 'database' && database?.kind === 'memory') {
    problems.push(
      'CATALOG_URL=database: needs a DATABASE_URL with a database: sqlite: or postgresql://',
    )
  }
  if (role === 'worker' && (reservations === 'off' || url === null)) {
    problems.push('RESERVATION_SERVICE_URL is missing; without it ROLE=worker has nothing to do')
  }
  if (isAbove(config.reservationRetryBaseMs, config.reservationRetryCapMs)) {
    problems.push('RESERVATION_RETRY_BASE_MS must not be above RESERVATION_RETRY_CAP_MS')
  }
  if (isAbove(config.headersTimeoutMs, config.requestTimeoutMs)) {
    problems.push('HEADERS_TIMEOUT_MS must not be above REQUEST_TIMEOUT_MS')
  }
  return problems
}
