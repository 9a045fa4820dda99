// Time, chance and ids, handed to what needs them so that a test can set them.

export type Clock = {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Unique, and sorted by the time it was made, so that new rows lie side by side. */
  readonly newId: () => string
  readonly sleep: (ms: number) => Promise<void>
}
