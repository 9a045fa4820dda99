// The results in words: a line for each check, a line for each API.
import type { ApiResult, CheckResult } from './run.ts'

const words = { ok: 'ok', failed: 'FAILED', skipped: 'skipped' } as const

export const toLine = ({ name, source, need, outcome, detail }: CheckResult, api: string) => {
  const what = need === 'optional' ? `${name} (optional)` : name
  const why = outcome === 'failed' ? ` [document: ${source}]` : ''
  return `${api} ${words[outcome].padEnd(7)} ${what}${detail === null ? '' : `: ${detail}`}${why}\n`
}

export const toSummary = (results: readonly ApiResult[]): string =>
  results
    .map(({ api, title, passed, failed, skipped }) => {
      return `${api} ${title}: ${passed} ok, ${failed} failed, ${skipped} skipped\n`
    })
    .join('')

export const toJson = (url: string, results: readonly ApiResult[]): string => {
  const sum = (count: 'passed' | 'failed' | 'skipped') =>
    results.reduce((total, result) => total + result[count], 0)
  const counts = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
  return `${JSON.stringify({ url, ...counts, apis: results }, null, 2)}\n`
}
