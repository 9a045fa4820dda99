// Latencies of one run and what is said of them.

export type Latencies = {
  add(ms: number): void
  /** Of all, the share below; 0 when there was none. */
  percentile(share: number): number
  readonly count: () => number
}

export const keepLatencies = (): Latencies => {
  const all: number[] = []
  let isSorted = false
  return {
    add: (ms) => {
      all.push(ms)
      isSorted = false
    },
    percentile: (share) => {
      if (!isSorted) all.sort((a, b) => a - b)
      isSorted = true
      return all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0
    },
    count: () => all.length,
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? upper)) / 2
}
