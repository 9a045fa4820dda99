// Writes what is made from the code: docs/openapi.json and .env.example. Run it after a change of
// routes, schemas or settings; tests hold the files to what this makes.
import { readFileSync, writeFileSync } from 'node:fs'
import { describeSettings } from '../simulator/options.ts'
import { openAnyProductCatalog } from '../src/adapters/catalogs/any-product.ts'
import { encoders } from '../src/adapters/http/answers/encoders.ts'
import { buildServer } from '../src/adapters/http/server/build-server.ts'
import { openMemoryStore } from '../src/adapters/stores/memory/open.ts'
import { openLog } from '../src/adapters/telemetry/log.ts'
import { openMetrics } from '../src/adapters/telemetry/metrics.ts'
import { reportTo } from '../src/adapters/telemetry/reporter.ts'
import { openUseCases } from '../src/application/use-cases.ts'
import { readConfig, settings } from '../src/config/read-config.ts'
import { systemClock } from '../src/process/system-clock.ts'

const root = new URL('../', import.meta.url)

/** What the server answers at /openapi.json, laid out to be read. */
const makeOpenApi = async (): Promise<string> => {
  const log = openLog('silent')
  const reporter = reportTo(log, openMetrics())
  await using store = openMemoryStore()
  const clock = systemClock()
  const useCases = openUseCases({
    store,
    catalog: openAnyProductCatalog(),
    client: null,
    queue: null,
    clock,
    reporter,
    encoders,
    warmCartsBytes: 0,
    onJobs: () => {},
    isDraining: () => false,
  })
  const telemetry = { contentType: 'text/plain', text: async () => '', answered: () => {} }
  const parts = { useCases, clock, log, telemetry, isDraining: () => false }
  const config = readConfig({}, () => '')
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    version: string
  }
  const app = await buildServer(parts, config, version)
  const answer = await app.inject('/openapi.json')
  await app.close()
  return `${JSON.stringify(JSON.parse(answer.body), null, 2)}\n`
}

const about = (text: string): string => `# ${text[0]?.toUpperCase()}${text.slice(1)}.`

const serviceSettings = (): readonly string[] =>
  Object.values(settings).flatMap((setting) => {
    const { name, fallback, isSecret } = setting
    const file = isSecret ? [`# ${name}_FILE names a file that holds it instead.`] : []
    return [about(setting.about), ...file, `#${name}=${fallback}`, '']
  })

// From the lines that its --help prints: NAME, what it is, and the default in brackets.
const simulatorSettings = (): readonly string[] =>
  describeSettings()
    .split('\n')
    .flatMap((line) => {
      const [, name = '', rest = ''] = /^ {2}(SIMULATOR_\w+) +(.+)$/.exec(line) ?? []
      if (name === '') return []
      const [, text = rest, fallback = ''] = /^(.*) \(([^()]*)\)$/.exec(rest) ?? []
      return [about(text), `#${name}=${fallback}`, '']
    })

const makeEnvExample = (): string =>
  [
    '# Every setting with its default.',
    '# Copy this file to .env, and remove the # from what you change.',
    '# Made by scripts/write-docs.ts.',
    '',
    '# The cart service',
    '',
    ...serviceSettings(),
    '# The reservation simulator, which npm start runs when there is no RESERVATION_SERVICE_URL',
    '',
    ...simulatorSettings(),
  ].join('\n')

/** The files that are made, by their path in the repository. */
export const makeDocs = async (): Promise<Readonly<Record<string, string>>> => ({
  'docs/openapi.json': await makeOpenApi(),
  '.env.example': makeEnvExample(),
})

if (import.meta.main) {
  for (const [path, text] of Object.entries(await makeDocs())) {
    writeFileSync(new URL(path, root), text)
    process.stdout.write(`wrote ${path}\n`)
  }
}
