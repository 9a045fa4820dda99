// Every setting there is: its name, its default, what it means and what it may be.
import {
  flag,
  host,
  integer,
  oneOf,
  optionalUrl,
  redisUrl,
  setting,
  text,
} from './setting-kinds.ts'

export type Database =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'memory' }
  | { readonly kind: 'postgres'; readonly url: string }

const database = setting((text): Database => {
  if (text === 'memory:') return { kind: 'memory' }
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return { kind: 'postgres', url: text }
  const path = text.startsWith('sqlite:')
    ? text.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')
    : ''
  // SQLite itself takes :memory: and file: for more than a path; what they open may not be durable.
  const isPath = path !== '' && !/^(?::|file:|\/\/)|\0/.test(path)
  if (isPath) return { kind: 'sqlite', path }
  // Not echoed: a URL of a database may hold its password.
  throw new Error(
    'must be sqlite:PATH (such as sqlite:./data/cart.db), postgresql://USER:PASSWORD@HOST/DATABASE or memory:',
  )
}, true)

export type CatalogSource =
  | { readonly kind: 'open' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'database' }
  | { readonly kind: 'http'; readonly url: URL }

const catalog = setting((text): CatalogSource => {
  if (text === 'open:') return { kind: 'open' }
  if (text === 'database:') return { kind: 'database' }
  if (/^file:.+\.(csv|json)$/i.test(text)) return { kind: 'file', path: text.slice('file:'.length) }
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') {
    return { kind: 'http', url }
  }
  throw new Error('must be open:, file:PATH.csv, file:PATH.json, database: or an http:// URL')
}, true)

const currency = setting((text): string => {
  if (/^[A-Z]{3}$/.test(text)) return text
  throw new Error(`must be three capital letters, such as EUR, not "${text}"`)
})

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Every setting there is, in the order of the documentation. */
export const settings = {
  envName: oneOf('dev', 'staging', 'prod')('ENV_NAME', 'dev', 'what this installation is for'),
  logLevel: oneOf(
    'trace',
    'debug',
    'info',
    'warn',
    'error',
    'fatal',
    'silent',
  )(
    'LOG_LEVEL',
    'info',
    'the least severe log line that is written; debug has a line for each request',
  ),
  host: host('HOST', '127.0.0.1', 'address to listen on; 0.0.0.0 for all'),
  port: integer(0, 65_535)('APP_PORT', '8080', 'port to listen on; 0 for any free one'),
  database: database(
    'DATABASE_URL',
    'sqlite:./data/cart.db',
    'the store: sqlite:PATH for one process, postgresql://USER:PASSWORD@HOST:PORT/DATABASE for ' +
      'many, memory: forgets everything when the process ends',
  ),
  databaseConnections: integer(2, 1_000)(
    'DATABASE_CONNECTIONS',
    '10',
    'connections to PostgreSQL that a process opens at most',
  ),
  databaseStatements: oneOf('named', 'unnamed')(
    'DATABASE_STATEMENTS',
    'named',
    'unnamed behind a connection pooler in transaction mode: nothing is prepared on a connection',
  ),
  databaseMigrate: oneOf('on', 'off')(
    'DATABASE_MIGRATE',
    'on',
    'off: the schema of PostgreSQL is brought up to date by npm run migrate, not at start',
  ),
  redisUrl: redisUrl(
    'REDIS_URL',
    '',
    'Redis or Valkey, to spread the calls over workers; empty: workers look into the database',
  ),
  redisPrefix: text(
    'REDIS_PREFIX',
    'cart-service',
    'begins every key in Redis; another for each installation that shares the server',
  ),
  role: oneOf('all', 'api', 'worker')(
    'ROLE',
    'all',
    'api answers requests, worker calls the reservation service, all does both',
  ),
  referenceApis: oneOf('on', 'off')(
    'REFERENCE_APIS',
    'on',
    'the routes of the services that this one replaces; off: /v1 only',
  ),
  cluster: integer(1, 64)(
    'CLUSTER',
    '1',
    'processes that serve the port, each with all limits to itself; above 1 needs postgresql:// and ' +
      'one more process that restarts them and, on systems other than Linux, hands them connections',
  ),
  catalog: catalog(
    'CATALOG_URL',
    'open:',
    'what is sold: open: is anything, without prices; file:PATH.csv or .json; database: is the tables ' +
      'products and users beside the carts; http://… is a product service',
  ),
  catalogCurrency: currency(
    'CATALOG_CURRENCY',
    'USD',
    'of prices in the catalog that name none; an ISO 4217 code',
  ),
  catalogUsersPath: text(
    'CATALOG_USERS_PATH',
    '',
    'with file: a file of the users that there are; empty: users are not looked at',
  ),
  warmCartsBytes: integer(0, 2 ** 34)(
    'WARM_CARTS_BYTES',
    '67108864',
    'memory for cached carts, in bytes',
  ),
  reservations: oneOf('on', 'off')(
    'RESERVATIONS',
    'on',
    'off: items are kept without being reserved',
  ),
  reservationServiceUrl: optionalUrl(
    'RESERVATION_SERVICE_URL',
    '',
    'the reservation service; empty: the simulator under npm start, no reservations otherwise',
  ),
  reservationServiceGrade: oneOf('keyed', 'lookup', 'bare')(
    'RESERVATION_SERVICE_GRADE',
    'keyed',
    'what the reservation service promises about a request that comes twice',
  ),
  reservationConcurrency: integer(1, 60_000)(
    'RESERVATION_CONCURRENCY',
    '1000',
    'calls to the reservation service open at once; a batch is one',
  ),
  reservationBatchSize: integer(1, 1_000)(
    'RESERVATION_BATCH_SIZE',
    '1',
    'reservations in one call; above 1 the service must know /reserve/batch',
  ),
  reservationTimeoutMs: integer(1, hourMs)(
    'RESERVATION_TIMEOUT_MS',
    '120000',
    'a call that takes longer has an unknown outcome; never below the slowest honest answer',
  ),
  reservationRetryBaseMs: integer(1, hourMs)(
    'RESERVATION_RETRY_BASE_MS',
    '500',
    'bound of the wait before the second attempt; doubles with each',
  ),
  reservationRetryCapMs: integer(1, hourMs)(
    'RESERVATION_RETRY_CAP_MS',
    '15000',
    'the longest wait between attempts',
  ),
  reservationGiveUpAfterMs: integer(0, 30 * dayMs)(
    'RESERVATION_GIVE_UP_AFTER_MS',
    String(hourMs),
    'a reservation that fails for so long is given up and its job buried',
  ),
  breakerEnabled: flag(
    'CIRCUIT_BREAKER_ENABLED',
    'true',
    'stop calling a reservation service that only fails',
  ),
  breakerCooldownMs: integer(1, hourMs)(
    'BREAKER_COOLDOWN_MS',
    '10000',
    'wait before an open circuit breaker lets one call through',
  ),
  jobPollMs: integer(10, 60_000)(
    'JOB_POLL_MS',
    '1000',
    'how often due jobs are looked for, beside the nudge after each commit',
  ),
  jobLeaseMs: integer(300, hourMs)(
    'JOB_LEASE_MS',
    '30000',
    'jobs of a worker that has been silent for so long are taken over',
  ),
  answersKeptMs: integer(1_000, 30 * dayMs)(
    'ANSWERS_KEPT_MS',
    String(dayMs),
    'how long the answer to an Idempotency-Key is replayed',
  ),
  journalKeptMs: integer(1_000, 3_650 * dayMs)(
    'JOURNAL_KEPT_MS',
    String(90 * dayMs),
    'how long the history of a cart is kept',
  ),
  headersTimeoutMs: integer(1_000, hourMs)(
    'HEADERS_TIMEOUT_MS',
    '10000',
    'time a client has to send the headers of a request',
  ),
  requestTimeoutMs: integer(1_000, hourMs)(
    'REQUEST_TIMEOUT_MS',
    '20000',
    'time a client has to send a whole request',
  ),
  keepAliveTimeoutMs: integer(1_000, hourMs)(
    'KEEP_ALIVE_TIMEOUT_MS',
    '65000',
    'how long an idle connection stays open; longer than that of the proxy in front',
  ),
  shutdownDelayMs: integer(0, 15_000)(
    'SHUTDOWN_DELAY_MS',
    '0',
    'time between /ready turning 503 and the port closing',
  ),
  pidFile: text('PID_FILE', '', 'where to write the process id; empty: nowhere'),
} as const
