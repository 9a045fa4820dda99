// Puts the parts together by hand. Start reading here.
import { readFileSync } from 'node:fs'
import { listen } from './adapters/http/listen.ts'
import { buildServer } from './adapters/http/server.ts'
import type { Log } from './adapters/telemetry/log.ts'
import { type Metrics, openMetrics, sumMetrics } from './adapters/telemetry/metrics.ts'
import { reportTo } from './adapters/telemetry/reporter.ts'
import type { Clock } from './application/clock.ts'
import { type HandOver, handOverJobs } from './application/hand-over.ts'
import { type CommandHandler, handleCommands } from './application/handle-command.ts'
import { takeFromQueue, takeFromStore } from './application/job-source.ts'
import { type JobRunner, runJobs } from './application/run-jobs.ts'
import { sweepRegularly } from './application/sweep.ts'
import { keepWarmCarts } from './application/warm-carts.ts'
import type { Peers } from './cluster/peers.ts'
import type { Config } from './config.ts'
import { openCatalog, openClient, openQueue, openStore } from './open-adapters.ts'
import type { Catalog } from './ports/catalog.ts'
import type { JobQueue } from './ports/job-queue.ts'
import type { Reporter } from './ports/reporter.ts'
import type { ReservationClient } from './ports/reservation-client.ts'
import type { Store } from './ports/store.ts'
import { systemClock } from './system-clock.ts'

export type Service = {
  /** Where it listens. */
  readonly url: string
  /** Answers what has come in, hands back what is under way, and lets go of everything. */
  stop(): Promise<void>
}

const sweepEveryMs = 60_000
// Within the 25 s that main.ts allows, with room for handing back and closing.
const stopWithinMs = 22_000

/** `peers`: the other processes of this installation on the same port, if there are any. */
export const openService = async (
  config: Config,
  log: Log,
  peers: Peers | null = null,
): Promise<Service> => {
  const clock = systemClock()
  const metrics = openMetrics()
  const reporter = reportTo(log, metrics)
  // Jobs became due: in this process, in another one, or in the queue.
  let onJobs = () => {}
  const store = await openStore(config, log, () => onJobs())
  const catalog = await openCatalog(config, log)
  const client = openClient(config)
  const queue = await openQueue(config, log, () => onJobs())
  const commands = handleCommands({
    store,
    warmCarts: keepWarmCarts(config.warmCartsBytes),
    reporter,
    onJobs: () => onJobs(),
  })
  let isDraining = false
  let callsOpen = () => 0
  const work: Work = {
    config,
    log,
    clock,
    metrics,
    reporter,
    store,
    catalog,
    client,
    queue,
    commands,
  }
  const server = await openServer(work, {
    isDraining: () => isDraining,
    callsOpen: () => callsOpen(),
    peers,
  })
  // After the port is open: what piled up while the service was away does not hold up its start.
  const runner = startRunner(work)
  const handOver = startHandOver(work)
  if (runner !== null) callsOpen = runner.callsOpen
  onJobs = () => {
    runner?.nudge()
    handOver?.nudge()
  }
  const sweep = sweepRegularly(store, clock, reporter, {
    everyMs: sweepEveryMs,
    answersKeptMs: config.answersKeptMs,
    journalKeptMs: config.journalKeptMs,
  })
  return {
    url: server.url,
    stop: async () => {
      const deadline = clock.now() + stopWithinMs
      isDraining = true
      runner?.pause()
      sweep.stop()
      await new Promise((resolve) => setTimeout(resolve, config.shutdownDelayMs))
      await server.close()
      await runner?.stop(Math.min(graceMs(client), Math.max(0, deadline - clock.now())))
      await commands.drained()
      await handOver?.stop()
      await queue?.[Symbol.asyncDispose]()
      await client?.[Symbol.asyncDispose]()
      await catalog[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

type Work = {
  readonly config: Config
  readonly log: Log
  readonly clock: Clock
  readonly metrics: Metrics
  readonly reporter: Reporter
  readonly store: Store
  readonly catalog: Catalog
  readonly client: ReservationClient | null
  readonly queue: JobQueue | null
  readonly commands: CommandHandler
}

const startRunner = (work: Work): JobRunner | null => {
  const { config, clock, reporter, store, client, queue, commands } = work
  if (client === null || config.role === 'api') return null
  const { handOver } = store
  const source =
    queue === null || handOver === null
      ? takeFromStore(store, clock)
      : takeFromQueue(queue, { ...store, handOver }, clock)
  const parts = { store, client, commands, clock, reporter }
  return runJobs(parts, jobSettings(config, clock), source)
}

const startHandOver = ({ config, clock, reporter, store, queue }: Work): HandOver | null => {
  if (queue === null || store.handOver === null) return null
  const settings = { pollMs: config.jobPollMs, leaseMs: config.jobLeaseMs }
  return handOverJobs({ store: store.handOver, queue, clock, reporter }, settings)
}

const jobSettings = (config: Config, clock: Clock) => ({
  workerId: clock.newId(),
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
 * A keyed call can be broken off and made again; of another grade, the answer is worth waiting for, as
 * long as the whole stop stays within its time.
 */
const graceMs = (client: ReservationClient | null): number =>
  client === null || client.grade === 'keyed' ? 0 : 12_000

type Surroundings = {
  readonly isDraining: () => boolean
  readonly callsOpen: () => number
  readonly peers: Peers | null
}

const openServer = async (work: Work, around: Surroundings) => {
  const { config, log, clock, metrics, store, catalog, client, queue, commands } = work
  const { isDraining, peers } = around
  const app = await buildServer(
    {
      store,
      commands,
      catalog,
      clock,
      log,
      telemetry: {
        contentType: metrics.contentType,
        answered: metrics.answered,
        text: readMetrics(work, around),
      },
      service: client,
      queue,
      isDraining,
    },
    config,
    versionOf(),
  )
  const { host, port } = config
  return listen(app, { host, port, reusePort: peers?.reusePort ?? false })
}

/** The text of the metrics, of this process and its peers together. */
const readMetrics = (work: Work, { callsOpen, peers }: Surroundings): (() => Promise<string>) => {
  const { clock, metrics, store, client } = work
  const sample = () => ({
    jobs: null,
    callsOpen: callsOpen(),
    breaker: client?.breaker() ?? 'closed',
    now: clock.now(),
  })
  const sampleAll = async () => {
    const now = clock.now()
    // Without the store there are no job counts; all other metrics still matter then.
    return { ...sample(), jobs: await store.countJobs(now).catch(() => null) }
  }
  if (peers === null) return async () => metrics.text(await sampleAll())
  // The one that is asked counts the jobs; they are in the store that all have.
  peers.offerMetrics(() => metrics.values(sample()))
  return async () => {
    const [own, others] = await Promise.all([sampleAll(), peers.gatherMetrics()])
    return sumMetrics([await metrics.values(own), ...others])
  }
}

const versionOf = (): string => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
