// Metrics in Prometheus' text format. Labels are of bounded sets only: never a user, cart or product.
import {
  type Aggregator,
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  Registry,
} from 'prom-client'
import { openRequestMetrics } from './request-metrics.ts'

export type Sample = {
  readonly jobs: {
    readonly due: number
    readonly scheduled: number
    readonly leased: number
    readonly buried: number
    readonly oldestDueAt: number | null
  } | null
  readonly callsOpen: number
  readonly breaker: 'closed' | 'open' | 'half-open'
  readonly now: number
}

/** The metrics of one process, as prom-client aggregates them. */
export type MetricValues = readonly object[]

export type Metrics = ReturnType<typeof openMetrics>

const callSeconds = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 40, 60, 90, 120]

export const openMetrics = () => {
  const registers = [new Registry()]
  const registry = registers[0] as Registry
  collectDefaultMetrics({ register: registry })
  const requests = openRequestMetrics()
  const callDurations = new Histogram({
    name: 'reservation_call_duration_seconds',
    help: 'Attempts towards the reservation service, by what came of them.',
    labelNames: ['kind', 'outcome'],
    buckets: callSeconds,
    registers,
  })
  const counter = (name: string, help: string) => new Counter({ name, help, registers })
  const gauge = (name: string, help: string, aggregator: Aggregator, labelNames: string[] = []) =>
    new Gauge({ name, help, aggregator, labelNames, registers })
  // Of the store, which all processes share.
  const jobs = gauge('jobs', 'Reservation jobs by state.', 'first', ['state'])
  const oldest = gauge(
    'job_oldest_due_age_seconds',
    'Age of the oldest due job that no worker has.',
    'first',
  )
  const callsOpen = gauge(
    'reservation_calls_open',
    'Calls to the reservation service under way.',
    'sum',
  )
  const breaker = gauge(
    'reservation_breaker_open',
    '1 while the circuit breaker lets nothing pass.',
    'max',
  )
  const set = (sample: Sample): void => {
    if (sample.jobs !== null) {
      const { due, scheduled, leased, buried, oldestDueAt } = sample.jobs
      for (const [state, count] of Object.entries({ due, scheduled, leased, buried })) {
        jobs.set({ state }, count)
      }
      oldest.set(oldestDueAt === null ? 0 : Math.max(0, (sample.now - oldestDueAt) / 1_000))
    }
    callsOpen.set(sample.callsOpen)
    breaker.set(sample.breaker === 'open' ? 1 : 0)
  }
  return {
    answered: requests.answered,
    callDurations,
    outcomesUnknown: counter(
      'reservation_outcome_unknown_total',
      'Calls that were sent and whose answer was lost.',
    ),
    jobsBuried: counter('jobs_buried_total', 'Jobs given up and left to an operator.'),
    conflicts: counter(
      'commit_conflicts_total',
      'Commits that were decided again: the cart had moved on, or an Idempotency-Key was used before.',
    ),
    troubles: counter('troubles_total', 'Background work that failed and is tried again.'),
    contentType: registry.contentType,
    /** The text of all metrics, with the gauges as they are now. */
    text: async (sample: Sample): Promise<string> => {
      set(sample)
      return `${await registry.metrics()}${await sumMetrics([requests.values()])}`
    },
    values: async (sample: Sample): Promise<MetricValues> => {
      set(sample)
      return [...(await registry.getMetricsAsJSON()), ...requests.values()]
    },
  }
}

/** The text of all metrics of these processes together; what they share is taken from the first. */
export const sumMetrics = (processes: readonly MetricValues[]): Promise<string> =>
  AggregatorRegistry.aggregate(processes.map((values) => [...values])).metrics()
