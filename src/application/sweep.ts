// Deletes what the store has kept long enough, a small batch at a time, so that it never holds up writes.

import type { Clock } from '../ports/clock.ts'
import type { Reporter } from '../ports/reporter.ts'
import type { Store } from '../ports/store.ts'

export type SweepSettings = {
  readonly everyMs: number
  readonly answersKeptMs: number
  readonly journalKeptMs: number
}

const rowsPerBatch = 500
// At most this many batches in a row; what is left waits for the next round.
const batchesMax = 200

export const sweepRegularly = (
  store: Store,
  clock: Clock,
  reporter: Reporter,
  settings: SweepSettings,
): { stop(): void } => {
  let isSweeping = false
  const sweep = async () => {
    if (isSweeping) return
    isSweeping = true
    try {
      for (let batch = 0; batch < batchesMax; batch += 1) {
        const now = clock.now()
        const swept = await store.sweep({
          answersBefore: now - settings.answersKeptMs,
          journalBefore: now - settings.journalKeptMs,
          limit: rowsPerBatch,
        })
        if (swept === 0) return
      }
    } catch (error) {
      reporter.troubled('sweeping what is too old', error)
    } finally {
      isSweeping = false
    }
  }
  const timer = setInterval(() => void sweep(), settings.everyMs)
  return { stop: () => clearInterval(timer) }
}
