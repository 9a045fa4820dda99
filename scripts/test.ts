// Runs the tests: `node scripts/test.ts [--coverage] [files or folders…]`. Those that start processes and
// measure time run last and one by one, so that they don't disturb each other. Ends with the counts.
import { globSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { run } from 'node:test'
import { spec as Spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { satisfies } from 'semver'
import { countTests, isNoise, type TestEvent } from './test-events.ts'
import { startServers } from './test-servers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

// A test that hangs is ended, so that CI says which one it was. Long runs are long on purpose.
const testTimeoutMs = 5 * 60_000 * Math.max(1, Number(process.env.RELIABILITY_SCALE ?? 1) || 1)
// A file whose tests are over may still hang, on something it left open.
const silenceMaxMs = testTimeoutMs + 30_000

const isProcessHeavy = (file: string): boolean => /\/test\/(service|reliability)\//.test(file)

const fail = (message: string): never => {
  process.stderr.write(`scripts/test.ts: ${message}\n`)
  process.exit(1)
}

const assertEngine = (): void => {
  const text = readFileSync(resolve(root, 'package.json'), 'utf8')
  const { engines } = JSON.parse(text) as { readonly engines: { readonly node: string } }
  if (satisfies(process.versions.node, engines.node)) return
  fail(`Node ${process.versions.node} is too old, needed is ${engines.node}; use \`npm test\``)
}

const findFiles = (given: readonly string[]): readonly string[] => {
  if (given.length === 0) return filesIn(resolve(root, 'test'))
  const files = given.flatMap((name) => {
    const path = resolve(name)
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return fail(`there is no ${name}`)
    return stats.isDirectory() ? filesIn(path) : [path]
  })
  return [...new Set(files)]
}

const filesIn = (folder: string): string[] =>
  globSync('**/*.test.ts', { cwd: folder })
    .map((name) => resolve(folder, name))
    .sort()

type Phase = { readonly files: readonly string[]; readonly concurrency: number }

type Env = Readonly<Record<string, string>>

const planPhases = (files: readonly string[], isCoverage: boolean): readonly Phase[] => {
  // Coverage is collected per run; a process that is killed leaves none, so those tests add only time.
  if (isCoverage) {
    return [{ files: files.filter((file) => !file.includes('/test/reliability/')), concurrency: 1 }]
  }
  const concurrency = Math.min(2, availableParallelism())
  return [
    { files: files.filter((file) => !isProcessHeavy(file)), concurrency },
    { files: files.filter(isProcessHeavy), concurrency: 1 },
  ].filter((phase) => phase.files.length > 0)
}

async function* runPhases(phases: readonly Phase[], isCoverage: boolean, env: Env) {
  // Ends the tests under way, and with them what they started.
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  const watchdog = setTimeout(() => {
    process.stderr.write('scripts/test.ts: nothing happened for too long, the tests are ended\n')
    stop.abort()
  }, silenceMaxMs)
  for (const { files, concurrency } of phases) {
    const coverage = { coverage: true, coverageIncludeGlobs: ['src/**/*.ts'] }
    const events = run({
      cwd: root,
      env: { ...process.env, ...env },
      files,
      concurrency,
      timeout: testTimeoutMs,
      signal: stop.signal,
      ...(isCoverage && coverage),
    })
    for await (const event of events as AsyncIterable<TestEvent>) {
      watchdog.refresh()
      yield event
    }
  }
  clearTimeout(watchdog)
}

const main = async (): Promise<void> => {
  assertEngine()
  const { values, positionals } = parseArgs({
    options: { coverage: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const files = findFiles(positionals)
  if (files.length === 0) fail('no tests found')
  const counts = countTests(process.env.TEST_REQUIRE === 'all')
  const startedAt = performance.now()
  await using servers = await startServers(files)
  const phases = planPhases(files, values.coverage)
  async function* watched() {
    for await (const event of runPhases(phases, values.coverage, servers.env)) {
      counts.see(event)
      if (!isNoise(event)) yield event
    }
  }
  for await (const text of Readable.from(watched()).compose(new Spec())) process.stdout.write(text)
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  const result = counts.result()
  for (const line of result.lines) process.stdout.write(`${line}\n`)
  process.stdout.write(`${files.length} files under ${relative(process.cwd(), root) || '.'}, `)
  process.stdout.write(`Node ${process.versions.node}, ${seconds} s\n`)
  const { passed, failed, skipped } = result
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}

await main()
