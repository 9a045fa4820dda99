// Facts that operators should learn: one method a fact. None of them throws or waits.
import type { JobKind } from '../domain/reservation/job.ts'

export type CallFact = {
  readonly kind: JobKind
  readonly outcome: string
  readonly durationMs: number
}

export interface Reporter {
  callFinished(fact: CallFact): void
  /** Calls that were sent and whose answer was lost. */
  outcomeUnknown(count: number): void
  jobBuried(jobId: string, reason: string): void
  /** Something failed that is tried again by itself. */
  troubled(what: string, error: unknown): void
  commitConflicted(): void
  /** A part of the service does not answer, or says that it cannot serve. */
  checkFailed(what: string, error: unknown): void
}
