// Who may import whom, held against the files themselves.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** Text by path from the root of the repository. */
type Files = Readonly<Record<string, string>>

type Import = { readonly from: string; readonly target: string; readonly isType: boolean }

const importPattern = new RegExp(
  [
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'";]*?\bfrom\s*['"]([^'"]+)['"]/,
    /(?:^|\n)import\s*['"]([^'"]+)['"]/,
    /\bimport\(\s*['"]([^'"]+)['"]/,
    /new URL\(\s*['"](\.[^'"]+\.ts)['"]/,
  ]
    .map((pattern) => pattern.source)
    .join('|'),
  'g',
)

const importsOf = (files: Files): readonly Import[] =>
  Object.entries(files).flatMap(([from, text]) =>
    [...text.matchAll(importPattern)].map((match) => {
      const name = match[2] ?? match[3] ?? match[4] ?? match[5] ?? ''
      const target = name.startsWith('.') ? normalize(join(dirname(from), name)) : name
      return { from, target, isType: match[1] !== undefined }
    }),
  )

const isOwn = (target: string): boolean =>
  /^(?:src|simulator|bench|conformance|scripts|test)\//.test(target)

/** What the files of a folder may import; everything else is a violation. */
const inner: Readonly<Record<string, readonly string[]>> = {
  'src/domain/': ['src/domain/'],
  'src/ports/': ['src/ports/', 'src/domain/'],
  'src/application/': ['src/application/', 'src/ports/', 'src/domain/'],
}

const adapterOf = (path: string): string | undefined => /^src\/adapters\/(\w[\w-]*)/.exec(path)?.[1]

const mayImportAdapters = ({ from, isType }: Import): boolean =>
  from === 'src/compose.ts' ||
  from === 'src/open-adapters.ts' ||
  from === 'src/main.ts' ||
  from === 'src/migrate.ts' ||
  from === 'src/catalog.ts' ||
  (isType && /^src\/(?:open-files\.ts|cluster\/)/.test(from)) ||
  adapterOf(from) !== undefined

const findFault = (found: Import): string | null => {
  const { from, target } = found
  const folder = Object.keys(inner).find((each) => from.startsWith(each))
  if (folder !== undefined && !inner[folder]?.some((allowed) => target.startsWith(allowed))) {
    return `may import only ${inner[folder]?.join(', ')}`
  }
  const own = adapterOf(from)
  const other = adapterOf(target)
  if (own !== undefined && other !== undefined && own !== other) return 'is another adapter'
  if (
    own !== undefined &&
    isOwn(target) &&
    !/^src\/(?:adapters|application|ports|domain)\//.test(target)
  ) {
    return 'lies outside of what an adapter knows'
  }
  if (from.startsWith('src/') && other !== undefined && !mayImportAdapters(found)) {
    return 'is an adapter, which only compose.ts, main.ts, migrate.ts and catalog.ts know'
  }
  if (from.startsWith('src/') && isOwn(target) && !target.startsWith('src/')) {
    return 'does not belong to the service'
  }
  if (from.startsWith('simulator/') && isOwn(target) && !target.startsWith('simulator/')) {
    return 'is not the simulator, which stands alone'
  }
  if (from.startsWith('conformance/') && !/^(?:conformance\/|node:)/.test(target)) {
    return 'is not the conformance kit, which sees the service from outside'
  }
  return null
}

const findCycle = (files: Files): readonly string[] | null => {
  const next = Map.groupBy(
    importsOf(files).filter(({ target }) => target in files),
    ({ from }) => from,
  )
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): readonly string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return null
    for (const { target } of next.get(path) ?? []) {
      const cycle = visit(target, [...trail, path])
      if (cycle !== null) return cycle
    }
    done.add(path)
    return null
  }
  for (const path of Object.keys(files)) {
    const cycle = visit(path, [])
    if (cycle !== null) return cycle
  }
  return null
}

const linesMax = 300

/** The only files of the service that import the driver of SQLite: one for each adapter that has tables. */
const sqliteFiles = ['src/adapters/catalogs/sqlite.ts', 'src/adapters/stores/sqlite/database.ts']

const violationsOf = (files: Files): readonly string[] => {
  const imports = importsOf(files)
  const faults = imports.flatMap((found) => {
    const fault = findFault(found)
    return fault === null ? [] : [`${found.from} imports ${found.target}, which ${fault}`]
  })
  const drivers = imports.filter(
    ({ from, target }) =>
      target === 'node:sqlite' && from.startsWith('src/') && !sqliteFiles.includes(from),
  )
  if (drivers.length > 0) faults.push(`node:sqlite is imported by ${drivers.map((d) => d.from)}`)
  const cycle = findCycle(files)
  if (cycle !== null) faults.push(`a cycle: ${cycle.join(' → ')}`)
  for (const [path, text] of Object.entries(files)) {
    const lines = text.trimEnd().split('\n').length
    if (lines > linesMax) faults.push(`${path} has ${lines} lines; split it`)
    if (/(?:^|\n)export default\b|\bas default\b/.test(text))
      faults.push(`${path} has a default export`)
  }
  return faults
}

const root = fileURLToPath(new URL('../', import.meta.url))

const readFiles = (...folders: readonly string[]): Files =>
  Object.fromEntries(
    folders
      .filter((folder) => existsSync(join(root, folder)))
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.ts'))
          .map((name) => join(folder, name)),
      )
      .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  )

const sources = readFiles('src', 'simulator', 'bench', 'conformance', 'scripts')

test('every import points inwards, no file is too long, nothing goes in circles', () => {
  assert.deepEqual(violationsOf(sources), [])
})

test('the checker reads what is there: every import leads to a file, and there are many', () => {
  const imports = importsOf(sources).filter(({ target }) => isOwn(target))
  assert.ok(imports.length > 200, `${imports.length} imports`)
  for (const { from, target } of imports) {
    const isThere = target in sources || existsSync(join(root, target))
    assert.ok(isThere, `${from} imports ${target}`)
  }
  const statements = Object.values(sources)
    .join('\n')
    .match(/^import\b(?!\.meta|\()/gm)?.length
  const packages = importsOf(sources).filter(({ target }) => !target.endsWith('.ts'))
  assert.ok((statements ?? 0) <= imports.length + packages.length, 'an import was overlooked')
})

test('the driver of SQLite is known to one file of the store and one of the catalogue', () => {
  const drivers = importsOf(sources).filter(({ target }) => target === 'node:sqlite')
  const inService = drivers.map(({ from }) => from).filter((from) => from.startsWith('src/'))
  assert.deepEqual(inService.sort(), sqliteFiles)
})

const line = (target: string, what = '{ x }') => `import ${what} from '${target}'\n`

const planted: Readonly<Record<string, readonly [path: string, text: string, fault: RegExp]>> = {
  'the domain imports Node': [
    'src/domain/x.ts',
    line('node:crypto'),
    /may import only src\/domain/,
  ],
  'the domain imports a package': ['src/domain/x.ts', line('uuid'), /may import only/],
  'the domain imports a port': ['src/domain/x.ts', line('../ports/store.ts'), /may import only/],
  'a port imports the application': [
    'src/ports/x.ts',
    line('../application/clock.ts'),
    /may import only/,
  ],
  'a port imports Node for a type': [
    'src/ports/x.ts',
    line('node:net', 'type { Socket }'),
    /may import only/,
  ],
  'the application imports an adapter': [
    'src/application/x.ts',
    line('../adapters/stores/memory/open.ts'),
    /may import only/,
  ],
  'the application imports a package': ['src/application/x.ts', line('pino'), /may import only/],
  'the application imports Node for its effect': [
    'src/application/x.ts',
    "import 'node:fs'\n",
    /only/,
  ],
  'the application imports at its leisure': [
    'src/application/x.ts',
    "const x = await import('undici')\n",
    /may import only/,
  ],
  'an adapter imports another': [
    'src/adapters/http/x.ts',
    line('../telemetry/log.ts'),
    /another adapter/,
  ],
  'an adapter imports the composition': [
    'src/adapters/http/x.ts',
    line('../../compose.ts'),
    /outside/,
  ],
  'an adapter re-exports another': [
    'src/adapters/http/x.ts',
    "export * from '../telemetry/log.ts'\n",
    /another adapter/,
  ],
  'a module beside compose.ts imports an adapter': [
    'src/config.ts',
    line('./adapters/http/server.ts'),
    /only compose.ts/,
  ],
  'open-files.ts imports more than a type': [
    'src/open-files.ts',
    line('./adapters/telemetry/log.ts'),
    /only compose.ts/,
  ],
  'the cluster imports more than a type': [
    'src/cluster/x.ts',
    line('../adapters/telemetry/log.ts'),
    /only compose.ts/,
  ],
  'the service imports the simulator': ['src/compose.ts', line('../simulator/start.ts'), /service/],
  'the simulator imports the service': ['simulator/x.ts', line('../src/config.ts'), /stands alone/],
  'the conformance kit imports the service': [
    'conformance/x.ts',
    line('../src/domain/limits.ts'),
    /from outside/,
  ],
  'the conformance kit imports a package': ['conformance/x.ts', line('undici'), /from outside/],
  'a file that is too long': ['src/domain/x.ts', '// more\n'.repeat(301), /301 lines/],
  'a default export': ['src/domain/x.ts', 'export default {}\n', /default export/],
  'a default export by another name': [
    'src/x.ts',
    'const y = 1\nexport { y as default }\n',
    /default/,
  ],
}

test('the checker goes red on planted violations', () => {
  for (const [why, [path, text, fault]] of Object.entries(planted)) {
    const faults = violationsOf({ ...sources, [path]: text })
    assert.ok(faults.length > 0, why)
    assert.ok(
      faults.some((each) => each.startsWith(path) && fault.test(each)),
      `${why}: ${faults}`,
    )
  }
})

test('the checker sees a second driver, and a cycle however long', () => {
  const second = { ...sources, 'src/adapters/http/x.ts': line('node:sqlite') }
  assert.match(violationsOf(second).join(), /node:sqlite is imported by/)
  const cycle = {
    'src/domain/a.ts': line('./b.ts'),
    'src/domain/b.ts': `${line('./c.ts', 'type { C }')}`,
    'src/domain/c.ts': line('./a.ts'),
  }
  assert.match(violationsOf(cycle).join(), /a\.ts → src\/domain\/b\.ts → src\/domain\/c\.ts → /)
  assert.deepEqual(violationsOf({ ...cycle, 'src/domain/c.ts': '' }), [])
})
