// Keeps the facts that the application reports.
import type { CallFact, Reporter } from '../../src/ports/reporter.ts'

export type Facts = {
  readonly calls: CallFact[]
  readonly buried: string[]
  readonly troubles: string[]
  unknown: number
  conflicts: number
}

export const openRecorder = (): { readonly reporter: Reporter; readonly facts: Facts } => {
  const facts: Facts = { calls: [], buried: [], troubles: [], unknown: 0, conflicts: 0 }
  return {
    facts,
    reporter: {
      callFinished: (fact) => facts.calls.push(fact),
      outcomeUnknown: (count) => {
        facts.unknown += count
      },
      jobBuried: (jobId, reason) => facts.buried.push(`${jobId}: ${reason}`),
      troubled: (what, error) => facts.troubles.push(`${what}: ${(error as Error).message}`),
      commitConflicted: () => {
        facts.conflicts += 1
      },
      checkFailed: (what, error) => facts.troubles.push(`${what}: ${(error as Error).message}`),
    },
  }
}
