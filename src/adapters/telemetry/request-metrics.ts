// Counts and durations of answered requests. Kept by hand: the label objects of prom-client, hashed at
// each observation, were among the costliest parts of a small answer.

export type Answered = {
  readonly method: string
  readonly route: string
  readonly status: number
  readonly seconds: number
}

export type RequestMetrics = {
  answered(fact: Answered): void
  /** As prom-client has its own. */
  values(): readonly Metric[]
}

type Metric = {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'histogram'
  readonly aggregator: 'sum'
  readonly values: readonly Value[]
}

type Value = {
  /** When it is not the metric's. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

// From a cached answer to the longest wait of a client.
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

type Labels = { readonly method: string; readonly route: string }

type Durations = { readonly labels: Labels; readonly buckets: number[]; sum: number; count: number }

export const openRequestMetrics = (): RequestMetrics => {
  // By status, method and route. All three are of bounded sets, so these are too.
  const counts = new Map<number, Map<string, Map<string, { count: number }>>>()
  const durations = new Map<string, Map<string, Durations>>()
  return {
    answered: ({ method, route, status, seconds }) => {
      const byMethod = inside(counts, status, () => new Map())
      const byRoute = inside(byMethod, method, () => new Map<string, { count: number }>())
      inside(byRoute, route, () => ({ count: 0 })).count += 1
      const routes = inside(durations, method, () => new Map<string, Durations>())
      observe(
        inside(routes, route, () => newDurations(method, route)),
        seconds,
      )
    },
    values: () => [
      {
        name: 'http_requests_total',
        help: 'Answered requests.',
        type: 'counter',
        aggregator: 'sum',
        values: [...counts].flatMap(([status, byMethod]) =>
          [...byMethod].flatMap(([method, byRoute]) =>
            [...byRoute].map(([route, { count }]) => ({
              labels: { method, route, status },
              value: count,
            })),
          ),
        ),
      },
      {
        name: 'http_request_duration_seconds',
        help: 'From the first byte of a request to its answer.',
        type: 'histogram',
        aggregator: 'sum',
        values: [...durations.values()].flatMap((routes) =>
          [...routes.values()].flatMap(histogramValues),
        ),
      },
    ],
  }
}

const inside = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

const newDurations = (method: string, route: string): Durations => ({
  labels: { method, route },
  buckets: bounds.map(() => 0),
  sum: 0,
  count: 0,
})

const observe = (durations: Durations, seconds: number): void => {
  durations.sum += seconds
  durations.count += 1
  const bucket = bounds.findIndex((bound) => seconds <= bound)
  const before = durations.buckets[bucket]
  if (before !== undefined) durations.buckets[bucket] = before + 1
}

const histogramValues = ({ labels, buckets, sum, count }: Durations): readonly Value[] => {
  const name = 'http_request_duration_seconds'
  let below = 0
  const counts = bounds.map((le, index) => {
    below += buckets[index] ?? 0
    return { le, value: below }
  })
  return [
    ...[...counts, { le: '+Inf', value: count }].map(({ le, value }) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value,
    })),
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
