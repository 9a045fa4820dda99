// The environment: defaults, every mistake at once, secrets that stay secret.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { makeDocs } from '../scripts/write-docs.ts'
import { readOptions } from '../simulator/options.ts'
import { ConfigError, type Environment, readConfig, settings } from '../src/config/read-config.ts'

const noFile = (path: string): string => {
  throw new Error(`ENOENT: no such file: ${path}`)
}

const problemsOf = (env: Environment, readFile = noFile): readonly string[] => {
  try {
    readConfig(env, readFile)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.message, error.problems.join('\n'))
    for (const problem of error.problems) assert.doesNotMatch(problem, /\n/)
    return error.problems
  }
  return []
}

const namesOf = (problems: readonly string[]) => problems.map((problem) => problem.split(' ')[0])

test('an empty environment gives a complete configuration', () => {
  const config = readConfig({}, noFile)
  assert.deepEqual(config, {
    envName: 'dev',
    logLevel: 'info',
    host: '127.0.0.1',
    port: 8080,
    database: { kind: 'sqlite', path: './data/cart.db' },
    databaseConnections: 10,
    databaseStatements: 'named',
    databaseMigrate: 'on',
    redisUrl: null,
    redisPrefix: 'cart-service',
    role: 'all',
    referenceApis: 'on',
    cluster: 1,
    catalog: { kind: 'open' },
    catalogCurrency: 'USD',
    catalogUsersPath: '',
    warmCartsBytes: 67_108_864,
    reservations: 'on',
    reservationServiceUrl: null,
    reservationServiceGrade: 'keyed',
    reservationConcurrency: 1_000,
    reservationBatchSize: 1,
    reservationTimeoutMs: 120_000,
    reservationRetryBaseMs: 500,
    reservationRetryCapMs: 15_000,
    reservationGiveUpAfterMs: 3_600_000,
    breakerEnabled: true,
    breakerCooldownMs: 10_000,
    jobPollMs: 1_000,
    jobLeaseMs: 30_000,
    answersKeptMs: 86_400_000,
    journalKeptMs: 90 * 86_400_000,
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 20_000,
    keepAliveTimeoutMs: 65_000,
    shutdownDelayMs: 0,
    pidFile: '',
  })
})

test('empty and blank settings count as missing', () => {
  const blank = Object.fromEntries(Object.values(settings).map(({ name }) => [name, ' ']))
  assert.deepEqual(readConfig(blank, noFile), readConfig({}, noFile))
})

test('every setting can be set', () => {
  const given = {
    ENV_NAME: 'staging',
    LOG_LEVEL: 'silent',
    HOST: '::',
    APP_PORT: '0',
    DATABASE_URL: 'memory:',
    RESERVATIONS: 'off',
    RESERVATION_SERVICE_URL: 'https://user:pa%40ss@reserve.example:8443/api/',
    CIRCUIT_BREAKER_ENABLED: 'off',
    RESERVATION_BATCH_SIZE: ' 50 ',
  }
  const config = readConfig(given, noFile)
  assert.deepEqual([config.envName, config.logLevel, config.host], ['staging', 'silent', '::'])
  assert.deepEqual([config.port, config.database], [0, { kind: 'memory' }])
  assert.deepEqual([config.reservations, config.breakerEnabled], ['off', false])
  assert.equal(config.reservationServiceUrl?.href, given.RESERVATION_SERVICE_URL)
  assert.equal(config.reservationBatchSize, 50)
})

test('a path to SQLite may be relative, absolute, or written as a URL', () => {
  const paths: Readonly<Record<string, string>> = {
    'sqlite:cart.db': 'cart.db',
    'sqlite:./data/cart.db': './data/cart.db',
    'sqlite:../a b/cart.db': '../a b/cart.db',
    'sqlite:/var/lib/cart.db': '/var/lib/cart.db',
    'sqlite:///var/lib/cart.db': '/var/lib/cart.db',
  }
  for (const [text, path] of Object.entries(paths)) {
    assert.deepEqual(readConfig({ DATABASE_URL: text }, noFile).database, { kind: 'sqlite', path })
  }
})

const mistakes: Readonly<Record<string, readonly string[]>> = {
  ENV_NAME: ['production', 'DEV', 'dev,prod'],
  LOG_LEVEL: ['verbose', 'INFO'],
  HOST: ['a b', 'http://localhost', '127.0.0.1:80/x', 'a,b'],
  APP_PORT: ['65536', '-1', '80.5', '0x50', '1e3', 'http', '99999999999999999'],
  DATABASE_URL: [
    ...['cart.db', 'sqlite', 'sqlite:', 'memory', 'file:cart.db', 'postgresql:db', 'mysql://db'],
    // SQLite would keep nothing, or write an unintended file.
    ...[
      'sqlite::memory:',
      'sqlite:file::memory:',
      'sqlite:file:x?mode=memory',
      'sqlite://data/cart.db',
    ],
    'sqlite:a\0b',
  ],
  REFERENCE_APIS: ['yes', 'true', 'ON'],
  CLUSTER: ['0', '65', 'auto'],
  WARM_CARTS_BYTES: ['64MB', '-1', '17179869185'],
  RESERVATIONS: ['yes', 'true', 'ON'],
  RESERVATION_SERVICE_URL: [
    ...[
      'localhost:8081',
      '//localhost',
      'ftp://localhost',
      'http://',
      'http://a?b=c',
      'http://a#b',
    ],
    ...['file:///etc/passwd', 'http://a b', 'http://%zz:x@a'],
  ],
  RESERVATION_SERVICE_GRADE: ['r1', 'Keyed'],
  RESERVATION_CONCURRENCY: ['0', '60001', 'many'],
  RESERVATION_BATCH_SIZE: ['0', '1001'],
  RESERVATION_TIMEOUT_MS: ['0', '3600001', '30s'],
  CIRCUIT_BREAKER_ENABLED: ['yes', 'enabled', '2'],
  JOB_LEASE_MS: ['299'],
  SHUTDOWN_DELAY_MS: ['20001', '-5'],
}

test('a mistake is reported with the name of its setting', () => {
  for (const [name, texts] of Object.entries(mistakes)) {
    for (const text of texts) {
      const problems = problemsOf({ [name]: text })
      assert.equal(problems.length, 1, `${name}=${text}: ${problems}`)
      assert.equal(namesOf(problems)[0], name)
    }
  }
})

test('all mistakes are reported at once, contradictions among them', () => {
  const problems = problemsOf({
    APP_PORT: 'x',
    LOG_LEVEL: 'x',
    DATABASE_URL: 'x',
    REDIS_URL: 'x',
    ENV_NAME: 'prod',
    HEADERS_TIMEOUT_MS: '30000',
    RESERVATION_RETRY_BASE_MS: '20000',
  })
  assert.deepEqual(namesOf(problems).toSorted(), [
    'APP_PORT',
    'DATABASE_URL',
    'HEADERS_TIMEOUT_MS',
    'LOG_LEVEL',
    'REDIS_URL',
    'RESERVATION_RETRY_BASE_MS',
    'RESERVATION_SERVICE_URL',
  ])
})

test('a setting that cannot be read is not reported as a contradiction, too', () => {
  const url = problemsOf({ ENV_NAME: 'prod', RESERVATION_SERVICE_URL: 'x' })
  assert.equal(url.length, 1, url.join())
  const times = problemsOf({ HEADERS_TIMEOUT_MS: 'x', REQUEST_TIMEOUT_MS: '1000' })
  assert.deepEqual(namesOf(times), ['HEADERS_TIMEOUT_MS'])
})

test('production requires a reservation service, or RESERVATIONS=off', () => {
  const prod = { ENV_NAME: 'prod' }
  assert.match(problemsOf(prod).join(), /RESERVATION_SERVICE_URL is missing.*RESERVATIONS=off/)
  assert.deepEqual(problemsOf({ ...prod, RESERVATIONS: 'off' }), [])
  assert.deepEqual(problemsOf({ ...prod, RESERVATION_SERVICE_URL: 'http://reserve' }), [])
})

test('settings that contradict each other are refused', () => {
  const base = problemsOf({ RESERVATION_RETRY_BASE_MS: '500', RESERVATION_RETRY_CAP_MS: '499' })
  assert.match(base.join(), /RESERVATION_RETRY_BASE_MS.*RESERVATION_RETRY_CAP_MS/)
  const headers = problemsOf({ HEADERS_TIMEOUT_MS: '20001' })
  assert.match(headers.join(), /HEADERS_TIMEOUT_MS.*REQUEST_TIMEOUT_MS/)
  assert.deepEqual(problemsOf({ HEADERS_TIMEOUT_MS: '20000' }), [])
})

test('unsupported settings are refused rather than ignored', () => {
  const on = {
    DYNAMODB_TABLE: 'carts',
    DYNAMODB_ENDPOINT: 'http://localhost:8000',
    RATE_LIMIT_RPS: '100',
    EVENTBRIDGE_ENABLED: 'true',
    AWS_XRAY_ENABLED: '1',
  }
  for (const [name, text] of Object.entries(on)) {
    assert.match(problemsOf({ [name]: text }).join(), new RegExp(`^${name} is not supported`))
  }
  const off = {
    ...on,
    DYNAMODB_TABLE: '',
    DYNAMODB_ENDPOINT: '',
    RATE_LIMIT_RPS: '0',
  }
  const harmless = { ...off, EVENTBRIDGE_ENABLED: 'false', AWS_XRAY_ENABLED: 'off' }
  assert.deepEqual(problemsOf(harmless), [])
})

test('the roles api and worker need a shared store, and a worker a reservation service', () => {
  const shared = { DATABASE_URL: 'postgresql://cart@db/cart', RESERVATION_SERVICE_URL: 'http://r' }
  for (const ROLE of ['api', 'worker']) {
    assert.match(problemsOf({ ...shared, ROLE, DATABASE_URL: '' }).join(), /^ROLE=\w+ needs/)
    assert.equal(readConfig({ ...shared, ROLE }, noFile).role, ROLE)
  }
  const idle = { ...shared, RESERVATION_SERVICE_URL: '' }
  assert.match(
    problemsOf({ ...idle, ROLE: 'worker' }).join(),
    /^RESERVATION_SERVICE_URL is missing/,
  )
  assert.deepEqual(problemsOf({ ...idle, ROLE: 'api' }), [])
})

test('CLUSTER with several processes needs a store that they can share', () => {
  for (const DATABASE_URL of ['', 'memory:']) {
    assert.match(problemsOf({ CLUSTER: '2', DATABASE_URL }).join(), /^CLUSTER=2 needs/)
    assert.deepEqual(problemsOf({ CLUSTER: '1', DATABASE_URL }), [])
  }
  assert.equal(
    readConfig({ CLUSTER: '2', DATABASE_URL: 'postgresql://cart@db/cart' }, noFile).cluster,
    2,
  )
})

test('a secret may come from the file that NAME_FILE names', () => {
  const files: Readonly<Record<string, string>> = {
    '/run/secrets/db': 'memory:\n',
    '/run/secrets/url': ' http://u:p@reserve \n',
  }
  const readFile = (path: string) => files[path] ?? noFile(path)
  const config = readConfig(
    { DATABASE_URL_FILE: '/run/secrets/db', RESERVATION_SERVICE_URL_FILE: '/run/secrets/url' },
    readFile,
  )
  assert.deepEqual(config.database, { kind: 'memory' })
  assert.equal(config.reservationServiceUrl?.username, 'u')
  const missing = problemsOf({ DATABASE_URL_FILE: '/nope' }, readFile)
  assert.match(missing.join(), /^DATABASE_URL cannot be read from \/nope/)
  const both = { DATABASE_URL: 'memory:', DATABASE_URL_FILE: '/run/secrets/db' }
  assert.match(
    problemsOf(both, readFile).join(),
    /^DATABASE_URL and DATABASE_URL_FILE are both set/,
  )
  assert.deepEqual(readConfig({ DATABASE_URL_FILE: '' }, noFile), readConfig({}, noFile))
})

test('no reported mistake contains a secret', () => {
  const secret = 'hunter2'
  const env = {
    DATABASE_URL: `mysql://cart:${secret}@db/cart`,
    RESERVATION_SERVICE_URL: `ftp://cart:${secret}@reserve`,
    REDIS_URL: `http://:${secret}@redis`,
  }
  const problems = problemsOf(env)
  assert.equal(problems.length, 3)
  assert.doesNotMatch(problems.join('\n'), new RegExp(secret))
  const readFile = () => `mysql://${secret}`
  assert.doesNotMatch(problemsOf({ DATABASE_URL_FILE: '/x' }, readFile).join(), new RegExp(secret))
  assert.doesNotMatch(
    problemsOf({ RESERVATION_SERVICE_URL: `http://%zz${secret}@a` }).join(),
    /hunter2/,
  )
})

const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')

test('.env.example is generated from the settings', async () => {
  const made = (await makeDocs())['.env.example']
  assert.ok(example === made, '.env.example is out of date: run "node scripts/write-docs.ts"')
})

test('.env.example has every setting with its default and its description', () => {
  const lines = example.split('\n')
  for (const { name, fallback, about, isSecret } of Object.values(settings)) {
    const at = lines.indexOf(`#${name}=${fallback}`)
    assert.ok(at > 0, name)
    const described = lines.slice(at - (isSecret ? 2 : 1), at).join(' ')
    assert.ok(described.toLowerCase().includes(about.toLowerCase()), name)
    assert.equal(described.includes(`${name}_FILE`), isSecret, name)
  }
})

test('removing every # from .env.example changes no setting', () => {
  const env = Object.fromEntries(
    [...example.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map((match) => [match[1], match[2]]),
  )
  assert.deepEqual(readConfig(env, noFile), readConfig({}, noFile))
  assert.deepEqual(readOptions(env), readOptions({}))
  const simulator = Object.keys(env).filter((name) => name.startsWith('SIMULATOR_'))
  assert.equal(simulator.length, Object.keys(readOptions({})).length, 'one for each option')
})
