// The conformance kit as a program: does a server behave as the reference documents say?
import { UnreachableError } from './client.ts'
import { help, type Options, readOptions, UsageError } from './options.ts'
import { toJson, toLine, toSummary } from './report.ts'
import { runConformance } from './run.ts'

const requestTimeoutMs = 10_000
const exitWrongUsage = 2

const say = (line: string) => process.stderr.write(`${line}\n`)

const readOptionsOrHelp = (): Options | 'help' | 'wrong' => {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    say(`${error.message}\n`)
    process.stderr.write(help)
    return 'wrong'
  }
}

const run = async (): Promise<number> => {
  const options = readOptionsOrHelp()
  if (options === 'wrong') return exitWrongUsage
  if (options === 'help') {
    process.stdout.write(help)
    return 0
  }
  const isLines = options.output === 'lines'
  const results = await runConformance({
    ...options,
    timeoutMs: requestTimeoutMs,
    say,
    onResult: (result, api) => {
      if (isLines) process.stdout.write(toLine(result, api))
    },
  })
  process.stdout.write(isLines ? `\n${toSummary(results)}` : toJson(options.url, results))
  return results.some(({ failed }) => failed > 0) ? 1 : 0
}

process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

try {
  process.exitCode = await run()
} catch (error) {
  if (!(error instanceof UnreachableError)) throw error
  say(error.message)
  process.exitCode = 1
}
