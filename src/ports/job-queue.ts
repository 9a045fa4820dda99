// A queue beside the store spreads hints over workers: ids of jobs that are due. It may lose, repeat and
// delay them, since a worker leases the job from the store before it works on it, and what no worker
// leased in time is handed to the queue again.

export interface JobQueue extends AsyncDisposable {
  /** What stands in /ready. */
  readonly name: string
  /** False while it does not answer; the workers then claim from the store. */
  isUp(): boolean
  /** @throws when it is not known to have taken them. Ids that it has already are skipped. */
  put(ids: readonly string[]): Promise<void>
  /** Ids that came for this worker, at most `limit`. */
  take(limit: number): readonly Hint[]
  /** How many this worker can use from now on; at 0 one may come and wait for it. */
  want(count: number): void
  /** This worker can use none for a while; what came for it goes to others. Ends with `want`. */
  rest(): void
}

export type Hint = {
  readonly id: string
  /** The store was asked for the job; the queue may forget the hint. */
  done(): void
}
