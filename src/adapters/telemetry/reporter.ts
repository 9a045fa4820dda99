// Facts for operators: as metrics, and as log lines where a person may want to look.
import type { Reporter } from '../../ports/reporter.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

export const reportTo = (log: Log, metrics: Metrics): Reporter => ({
  callFinished: ({ kind, outcome, durationMs }) => {
    metrics.callDurations.observe({ kind, outcome }, durationMs / 1_000)
    log.debug({ kind, outcome, durationMs }, 'reservation call finished')
  },
  outcomeUnknown: (count) => metrics.outcomesUnknown.inc(count),
  jobBuried: (jobId, reason) => {
    metrics.jobsBuried.inc()
    log.error({ jobId, reason }, 'job buried: see GET /v1/admin/jobs?state=buried')
  },
  troubled: (what, error) => {
    metrics.troubles.inc()
    log.warn({ err: error, what }, 'background work failed and is tried again')
  },
  commitConflicted: () => metrics.conflicts.inc(),
  checkFailed: (what, error) => log.warn({ err: error, what }, 'not ready'),
})
