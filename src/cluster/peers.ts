// What a process of a cluster knows of the others.

/** The metrics of one process, as prom-client aggregates them. */
export type MetricValues = readonly object[]

export type Peers = {
  /** The system shares connections out among all who listen on the port in this way. */
  readonly reusePort: boolean
  /** What the others are told when they ask. */
  offerMetrics(read: () => Promise<MetricValues>): void
  /** Of the others, each apart; those that are slow or gone are left out. */
  gatherMetrics(): Promise<readonly MetricValues[]>
}
