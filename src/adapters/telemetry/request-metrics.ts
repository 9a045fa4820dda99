// Counts and durations of answered requests. Kept by hand: the label objects of prom-client, hashed at
// each observation, were among the dearest parts of a small answer.

export type Answered = {
  readonly method: string
  readonly route: string
  readonly status: number
  readonly seconds: number
}

export type RequestMetrics = {
  answered(fact: Answered): void
  /** In Prometheus' text format, version 0.0.4. */
  text(): string
}

// From a cached answer to the longest wait of a client.
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

type Durations = { readonly labels: string; readonly buckets: number[]; sum: number; count: number }

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
    text: () => {
      const lines = ['# HELP http_requests_total Answered requests.']
      lines.push('# TYPE http_requests_total counter')
      for (const [status, byMethod] of counts) {
        for (const [method, byRoute] of byMethod) {
          for (const [route, { count }] of byRoute) {
            const labels = `${labelsOf(method, route)},status="${status}"`
            lines.push(`http_requests_total{${labels}} ${count}`)
          }
        }
      }
      lines.push(
        '# HELP http_request_duration_seconds From the first byte of a request to its answer.',
      )
      lines.push('# TYPE http_request_duration_seconds histogram')
      for (const routes of durations.values()) {
        for (const each of routes.values()) lines.push(...histogramLines(each))
      }
      return `${lines.join('\n')}\n`
    },
  }
}

const inside = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

const labelsOf = (method: string, route: string): string => `method="${method}",route="${route}"`

const newDurations = (method: string, route: string): Durations => ({
  labels: labelsOf(method, route),
  buckets: bounds.map(() => 0),
  sum: 0,
  count: 0,
})

const observe = (durations: Durations, seconds: number): void => {
  durations.sum += seconds
  durations.count += 1
  const place = bounds.findIndex((bound) => seconds <= bound)
  const before = durations.buckets[place]
  if (before !== undefined) durations.buckets[place] = before + 1
}

const histogramLines = ({ labels, buckets, sum, count }: Durations): readonly string[] => {
  const name = 'http_request_duration_seconds'
  let below = 0
  const lines = buckets.map((inBucket, place) => {
    below += inBucket
    return `${name}_bucket{${labels},le="${bounds[place]}"} ${below}`
  })
  lines.push(`${name}_bucket{${labels},le="+Inf"} ${count}`)
  lines.push(`${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`)
  return lines
}
