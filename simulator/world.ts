// What the parts of one simulator share.
import type { Random } from './faults.ts'
import type { Ledger } from './ledger.ts'
import type { Grade, LiveOptions } from './options.ts'
import type { Counters } from './stats.ts'
import type { Timers } from './timers.ts'

export type World = {
  readonly grade: Grade
  /** Replaced as a whole by a change of settings. */
  live: LiveOptions
  readonly ledger: Ledger
  readonly counters: Counters
  readonly random: Random
  readonly timers: Timers
  /** Tells an operator about trouble of the simulator itself, in one line. */
  readonly report: (line: string) => void
}
