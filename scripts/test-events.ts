// Counts what the test runner reports, and keeps the reasons of skipped tests.
import { relative } from 'node:path'

export type TestEvent = {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly file?: string | undefined
    readonly message?: string
    readonly nesting?: number
    readonly skip?: string | boolean
    readonly todo?: string | boolean
    readonly details?: { readonly type?: string | undefined }
    readonly counts?: Readonly<Record<CountName, number>>
  }
}

type CountName = 'passed' | 'failed' | 'cancelled' | 'skipped' | 'todo'

/** The runner's own totals come once a phase; ours come once, at the end. */
export const isNoise = ({ type, data }: TestEvent): boolean =>
  type === 'test:diagnostic' &&
  data.nesting === 0 &&
  /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(data.message ?? '')

export type Result = {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** What a reader should know about the tests that were skipped. */
  readonly lines: readonly string[]
}

export const countTests = (isAllRequired: boolean) => {
  let [passed, failed, skipped] = [0, 0, 0]
  const lines: string[] = []
  const word = isAllRequired ? 'skipped although TEST_REQUIRE=all' : 'skipped'
  return {
    see: ({ type, data }: TestEvent): void => {
      // A summary without a file is that of a whole phase.
      if (type === 'test:summary' && data.file === undefined && data.counts !== undefined) {
        passed += data.counts.passed
        failed += data.counts.failed + data.counts.cancelled
        skipped += data.counts.skipped + data.counts.todo
      }
      const reason = data.skip ?? data.todo
      if (type === 'test:pass' && reason !== undefined && reason !== false) {
        const said = reason === true || reason === '' ? 'no reason given' : reason
        const place = relative(process.cwd(), data.file ?? '')
        // The runner does not look into a suite that is skipped, and counts nothing of it.
        if (data.details?.type === 'suite') skipped += 1
        lines.push(`${word}: ${data.name} (${said}) in ${place}`)
      }
    },
    result: (): Result =>
      isAllRequired
        ? { passed, failed: failed + skipped, skipped: 0, lines }
        : { passed, failed, skipped, lines },
  }
}
