// Puts the parts together by hand. Start reading here.
import { readFileSync } from 'node:fs'
import { openCatalog } from './adapters/catalogs/open-catalog.ts'
import { encoders } from './adapters/http/answers/encoders.ts'
import { buildServer } from './adapters/http/server/build-server.ts'
import { type Listening, listen } from './adapters/http/server/listen.ts'
import { openReservationService } from './adapters/reservations/open-reservation-service.ts'
import { openStore } from './adapters/stores/open-store.ts'
import type { Log } from './adapters/telemetry/log.ts'
import { type Metrics, openMetrics } from './adapters/telemetry/metrics.ts'
import { type MetricPeers, readMetrics } from './adapters/telemetry/read-metrics.ts'
import { reportTo } from './adapters/telemetry/reporter.ts'
import { type HandOver, handOverJobs } from './application/jobs/hand-over.ts'
import { takeFromQueue, takeFromStore } from './application/jobs/job-source.ts'
import { type JobRunner, runJobs } from './application/jobs/run-jobs.ts'
import { sweepRegularly } from './application/sweep.ts'
import { openUseCases, type UseCases } from './application/use-cases.ts'
import type { Config } from './config/read-config.ts'
import type { Clock } from './ports/clock.ts'
import type { JobQueue } from './ports/job-queue.ts'
import type { Reporter } from './ports/reporter.ts'
import type { ReservationClient } from './ports/reservation-client.ts'
import type { Store } from './ports/store.ts'

export type Service = {
  /** Where it listens. */
  readonly url: string
  /** Answers what has come in, hands back what is under way, and closes everything. */
  stop(): Promise<void>
}

/** The other processes of this installation on the same port. */
export type Peers = MetricPeers & {
  /** The system shares connections among all processes that listen on the port in this way. */
  readonly reusePort: boolean
}

/** What a process gives its service. */
export type Host = {
  readonly log: Log
  readonly clock: Clock
  /** Null when there are no others. */
  readonly peers: Peers | null
}

const sweepEveryMs = 60_000
// Within the 25 s that main.ts allows, with room for handing back and closing.
const stopWithinMs = 22_000

/** A start that fails closes what was opened; a part that fails to close holds up none of the others. */
export const openService = async (config: Config, host: Host): Promise<Service> => {
  const { log, clock } = host
  const metrics = openMetrics()
  const reporter = reportTo(log, metrics)
  const state: State = { isDraining: false, deadline: Number.POSITIVE_INFINITY }
  // Jobs became due: in this process, in another one, or in the queue.
  const onJobs = () => {
    state.runner?.nudge()
    state.handOver?.nudge()
  }
  // Closed in the reverse order.
  await using stack = new AsyncDisposableStack()
  const store = stack.use(await openConfiguredStore(config, log, onJobs))
  const catalog = stack.use(await openConfiguredCatalog(config, log))
  const client = stack.use(openClient(config))
  const queue = stack.use(await openQueue(config, log, onJobs))
  stack.defer(() => state.handOver?.stop())
  const useCases = openUseCases({
    ...{ store, catalog, client, queue, clock, reporter, encoders, onJobs },
    warmCartsBytes: config.warmCartsBytes,
    isDraining: () => state.isDraining,
  })
  stack.defer(useCases.drained)
  stack.defer(() => state.runner?.stop(patienceOf(client, state.deadline - clock.now())))
  const work: Work = { config, host, metrics, reporter, store, client, queue, useCases, state }
  const server = await openServer(work)
  stack.defer(server.close)
  // After the port is open: jobs that piled up while the service was down do not hold up its start.
  state.runner = startRunner(work)
  state.handOver = startHandOver(work)
  const sweep = sweepRegularly(store, clock, reporter, {
    everyMs: sweepEveryMs,
    answersKeptMs: config.answersKeptMs,
    journalKeptMs: config.journalKeptMs,
  })
  stack.defer(sweep.stop)
  const opened = stack.move()
  return {
    url: server.url,
    stop: async () => {
      state.deadline = clock.now() + stopWithinMs
      state.isDraining = true
      state.runner?.pause()
      await clock.sleep(config.shutdownDelayMs)
      await opened.disposeAsync()
    },
  }
}

type State = {
  isDraining: boolean
  /** When a stop has to be over. */
  deadline: number
  runner?: JobRunner | null
  handOver?: HandOver | null
}

type Work = {
  readonly config: Config
  readonly host: Host
  readonly metrics: Metrics
  readonly reporter: Reporter
  readonly store: Store
  readonly client: ReservationClient | null
  readonly queue: JobQueue | null
  readonly useCases: UseCases
  readonly state: State
}

const openConfiguredStore = (config: Config, log: Log, onJobs: () => void): Promise<Store> =>
  openStore({
    database: config.database,
    connections: config.databaseConnections,
    statements: config.databaseStatements,
    migrate: config.databaseMigrate,
    onJobs,
    onTrouble: (error) =>
      log.error({ err: error }, 'the database cannot be used yet; trying again'),
    onLost: (error) => {
      // A supervisor starts the process again; that loses nothing.
      log.fatal({ err: error }, 'the thread of the store failed')
      process.exit(1)
    },
  })

const openConfiguredCatalog = (config: Config, log: Log) =>
  openCatalog({
    source: config.catalog,
    database: config.database,
    statements: config.databaseStatements,
    currency: config.catalogCurrency,
    usersPath: config.catalogUsersPath === '' ? null : config.catalogUsersPath,
    onTrouble: (error) => log.warn({ err: error }, 'trouble with the catalog'),
  })

const openClient = (config: Config): ReservationClient | null => {
  const { reservations, reservationServiceUrl: url } = config
  if (reservations === 'off' || url === null) return null
  return openReservationService({
    url,
    grade: config.reservationServiceGrade,
    connections: config.reservationConcurrency,
    timeoutMs: config.reservationTimeoutMs,
    breaker: { enabled: config.breakerEnabled, cooldownMs: config.breakerCooldownMs },
  })
}

const openQueue = async (
  { redisUrl, redisPrefix, role }: Config,
  log: Log,
  onHints: () => void,
): Promise<JobQueue | null> => {
  if (redisUrl === null) return null
  const { openRedisQueue } = await import('./adapters/queue/redis-queue.ts')
  return openRedisQueue({
    url: redisUrl,
    prefix: redisPrefix,
    isWorker: role !== 'api',
    onHints,
    onTrouble: (error) => log.warn({ err: error }, 'trouble with the queue'),
  })
}

const startRunner = (work: Work): JobRunner | null => {
  const { config, host, reporter, store, client, queue, useCases } = work
  if (client === null || config.role === 'api') return null
  const { clock } = host
  const { handOver } = store
  const source =
    queue === null || handOver === null
      ? takeFromStore(store, clock)
      : takeFromQueue(queue, { ...store, handOver }, clock)
  const parts = { store, client, changeCart: useCases.changeCart, clock, reporter }
  return runJobs(parts, jobSettings(config, clock.newId()), source)
}

const startHandOver = ({ config, host, reporter, store, queue }: Work): HandOver | null => {
  if (queue === null || store.handOver === null) return null
  const settings = { pollMs: config.jobPollMs, leaseMs: config.jobLeaseMs }
  return handOverJobs({ store: store.handOver, queue, clock: host.clock, reporter }, settings)
}

const jobSettings = (config: Config, workerId: string) => ({
  workerId,
  concurrency: config.reservationConcurrency,
  batchSize: config.reservationBatchSize,
  pollMs: config.jobPollMs,
  leaseMs: config.jobLeaseMs,
  callTimeoutMs: config.reservationTimeoutMs,
  retry: {
    baseMs: config.reservationRetryBaseMs,
    capMs: config.reservationRetryCapMs,
    giveUpAfterMs: config.reservationGiveUpAfterMs,
  },
})

/**
 * How long open calls are waited for. A keyed call can be broken off and made again; of another grade, the
 * answer is worth waiting for, as long as the whole stop stays within its time.
 */
const patienceOf = (client: ReservationClient | null, leftMs: number): AbortSignal =>
  client === null || client.grade === 'keyed'
    ? AbortSignal.abort()
    : AbortSignal.timeout(Math.min(12_000, Math.max(0, leftMs)))

const openServer = async (work: Work): Promise<Listening> => {
  const { config, host, metrics, store, client, useCases, state } = work
  const { log, clock, peers } = host
  const text = readMetrics({
    ...{ metrics, peers, now: clock.now, countJobs: store.countJobs },
    sample: () => ({
      callsOpen: state.runner?.callsOpen() ?? 0,
      breaker: client?.breaker() ?? 'closed',
    }),
  })
  const { contentType, answered } = metrics
  const telemetry = { contentType, answered, text }
  const isDraining = () => state.isDraining
  const app = await buildServer({ useCases, clock, log, telemetry, isDraining }, config, version())
  const { host: address, port } = config
  return listen(app, { host: address, port, reusePort: peers?.reusePort ?? false })
}

const version = (): string => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
