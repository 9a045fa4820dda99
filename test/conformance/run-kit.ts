// The kit against a handler in this process.
import type { Api } from '../../conformance/check.ts'
import {
  type ApiResult,
  type CheckResult,
  type RunOptions,
  runConformance,
} from '../../conformance/run.ts'
import { type Handler, serve } from './serve.ts'

export type More = Partial<Pick<RunOptions, 'token' | 'user' | 'products' | 'waitMs' | 'timeoutMs'>>

export const runKit = async (api: Api, handler: Handler, more: More = {}): Promise<ApiResult> => {
  await using server = await serve(handler)
  const [result] = await runConformance({
    url: server.url,
    apis: [api],
    token: null,
    user: null,
    products: [],
    waitMs: 3_000,
    timeoutMs: 5_000,
    ...more,
    say: () => {},
    onResult: () => {},
  })
  if (result === undefined) throw new Error('no result')
  return result
}

export const linesOf = (result: ApiResult, outcome: CheckResult['outcome']): readonly string[] =>
  result.checks
    .filter((check) => check.outcome === outcome)
    .map(({ name, detail }) => (detail === null ? name : `${name}: ${detail}`))
