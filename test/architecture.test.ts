// Which files may import which, checked against the files themselves.
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

type Rule = {
  /** Own folders and files. */
  readonly may: readonly string[]
  /** Own ones of which only types may be imported. */
  readonly mayForTypes?: readonly string[]
  /** Packages and modules of Node. */
  readonly outside: 'all' | 'node' | 'none'
}

const domain = ['src/domain/']
const core = ['src/application/', 'src/ports/', ...domain]

/** What a file may import: the first entry that its path begins with is its rule, and there is no other. */
const rules: Readonly<Record<string, Rule>> = {
  'src/domain/reservation/': {
    may: ['src/domain/reservation/', 'src/domain/ids.ts', 'src/domain/limits.ts'],
    outside: 'none',
  },
  'src/domain/cart/': { may: domain, outside: 'none' },
  'src/domain/': { may: [], outside: 'none' },
  'src/ports/': { may: ['src/ports/', ...domain], outside: 'none' },
  'src/application/': { may: core, outside: 'none' },
  'src/platform/': { may: [], outside: 'node' },
  // And files of its own adapter.
  'src/adapters/': { may: [...core, 'src/platform/'], outside: 'all' },
  'src/config/': { may: ['src/config/'], outside: 'node' },
  'src/programs/': { may: ['src/config/', 'src/adapters/', 'src/platform/'], outside: 'node' },
  'src/compose.ts': {
    may: [...core, 'src/adapters/'],
    mayForTypes: ['src/config/'],
    outside: 'node',
  },
  'src/process/cluster/': {
    may: ['src/process/cluster/', 'src/compose.ts'],
    mayForTypes: ['src/config/', 'src/adapters/telemetry/'],
    outside: 'node',
  },
  'src/process/': {
    may: [],
    mayForTypes: ['src/config/', 'src/ports/', 'src/adapters/telemetry/'],
    outside: 'node',
  },
  'src/main.ts': {
    may: [
      ...['src/config/', 'src/process/', 'src/platform/', 'src/compose.ts'],
      'src/adapters/telemetry/log.ts',
    ],
    outside: 'node',
  },
  'simulator/': { may: ['simulator/'], outside: 'all' },
  // It sees the service from outside.
  'conformance/': { may: ['conformance/'], outside: 'node' },
  'bench/': { may: ['bench/', 'src/', 'simulator/', 'test/support/'], outside: 'all' },
  'scripts/': { may: ['scripts/', 'src/', 'simulator/', 'test/support/'], outside: 'all' },
}

const adapterOf = (path: string): string | undefined => /^src\/adapters\/[\w-]+\//.exec(path)?.[0]

const isOneOf = (target: string, allowed: readonly string[]): boolean =>
  allowed.some((each) => (each.endsWith('/') ? target.startsWith(each) : target === each))

const findFault = ({ from, target, isType }: Import): string | null => {
  const rule = Object.entries(rules).find(([path]) => from.startsWith(path))?.[1]
  if (rule === undefined) return 'is imported by a file that has no rule'
  if (!isOwn(target)) {
    const isAllowed =
      rule.outside === 'all' || (rule.outside === 'node' && target.startsWith('node:'))
    return isAllowed ? null : 'is a package or a module of Node'
  }
  const own = adapterOf(from)
  if (own !== undefined && adapterOf(target) !== undefined) {
    return target.startsWith(own) ? null : 'is another adapter'
  }
  if (isOneOf(target, rule.may)) return null
  if (isOneOf(target, rule.mayForTypes ?? []))
    return isType ? null : 'may be imported for types only'
  return 'is not among what it may import'
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

const namesWithPlural = (files: Files): readonly string[] => {
  const names = new Set(
    Object.keys(files)
      .filter((path) => path.startsWith('src/'))
      .map((path) => /([^/]+)\.ts$/.exec(path)?.[1] ?? ''),
  )
  return [...names].filter((name) => names.has(`${name}s`))
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
  for (const name of namesWithPlural(files))
    faults.push(`${name}.ts and ${name}s.ts: one letter apart`)
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

test('every import points inwards, no file is too long, and imports have no cycle', () => {
  assert.deepEqual(violationsOf(sources), [])
})

test('the checker of imports reads all of them, and every import leads to a file', () => {
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

test('the driver of SQLite is imported by one file of the store and one of the catalog', () => {
  const drivers = importsOf(sources).filter(({ target }) => target === 'node:sqlite')
  const inService = drivers.map(({ from }) => from).filter((from) => from.startsWith('src/'))
  assert.deepEqual(inService.sort(), sqliteFiles)
})

const line = (target: string, what = '{ x }') => `import ${what} from '${target}'\n`

const planted: Readonly<Record<string, readonly [path: string, text: string, fault: RegExp]>> = {
  'the domain imports Node': ['src/domain/cart/x.ts', line('node:crypto'), /module of Node/],
  'the domain imports a package': ['src/domain/cart/x.ts', line('uuid'), /a package/],
  'the domain imports a port': [
    'src/domain/cart/x.ts',
    line('../../ports/store.ts'),
    /not among what it may import/,
  ],
  'reservations import carts': [
    'src/domain/reservation/x.ts',
    line('../cart/cart.ts', 'type { Cart }'),
    /not among/,
  ],
  'a port imports the application': [
    'src/ports/x.ts',
    line('../application/sweep.ts'),
    /not among/,
  ],
  'a port imports Node for a type': [
    'src/ports/x.ts',
    line('node:net', 'type { Socket }'),
    /module of Node/,
  ],
  'the application imports an adapter': [
    'src/application/x.ts',
    line('../adapters/stores/memory/open.ts'),
    /not among/,
  ],
  'the application imports the platform': [
    'src/application/x.ts',
    line('../platform/time-limit.ts'),
    /not among/,
  ],
  'the application imports a package': ['src/application/x.ts', line('pino'), /a package/],
  'the application imports Node for its effect': [
    'src/application/x.ts',
    "import 'node:fs'\n",
    /module of Node/,
  ],
  'the application imports while it runs': [
    'src/application/x.ts',
    "const x = await import('undici')\n",
    /a package/,
  ],
  'the platform imports the domain': [
    'src/platform/x.ts',
    line('../domain/limits.ts'),
    /not among/,
  ],
  'the platform imports a package': ['src/platform/x.ts', line('undici'), /a package/],
  'an adapter imports another': [
    'src/adapters/http/x.ts',
    line('../telemetry/log.ts'),
    /another adapter/,
  ],
  'an adapter imports the composition': [
    'src/adapters/http/x.ts',
    line('../../compose.ts'),
    /not among/,
  ],
  'an adapter imports the settings': [
    'src/adapters/http/x.ts',
    line('../../config/read-config.ts', 'type { Config }'),
    /not among/,
  ],
  'an adapter re-exports another': [
    'src/adapters/http/x.ts',
    "export * from '../telemetry/log.ts'\n",
    /another adapter/,
  ],
  'the settings import an adapter': [
    'src/config/x.ts',
    line('../adapters/http/server/build-server.ts'),
    /not among/,
  ],
  'a process imports more than a type of an adapter': [
    'src/process/x.ts',
    line('../adapters/telemetry/log.ts'),
    /types only/,
  ],
  'the cluster imports more than a type of an adapter': [
    'src/process/cluster/x.ts',
    line('../../adapters/telemetry/log.ts'),
    /types only/,
  ],
  'the composition imports the cluster': [
    'src/compose.ts',
    line('./process/cluster/messages.ts', 'type { ToMember }'),
    /not among/,
  ],
  'a program imports the composition': ['src/programs/x.ts', line('../compose.ts'), /not among/],
  'a loose file beside the folders': ['src/helpers.ts', line('./compose.ts'), /no rule/],
  'the service imports the simulator': [
    'src/compose.ts',
    line('../simulator/start.ts'),
    /not among/,
  ],
  'the simulator imports the service': [
    'simulator/x.ts',
    line('../src/config/read-config.ts'),
    /not among/,
  ],
  'the conformance kit imports the service': [
    'conformance/x.ts',
    line('../src/domain/limits.ts'),
    /not among/,
  ],
  'the conformance kit imports a package': ['conformance/x.ts', line('undici'), /a package/],
  'a file that is too long': ['src/domain/x.ts', '// more\n'.repeat(301), /301 lines/],
  'a default export': ['src/domain/x.ts', 'export default {}\n', /default export/],
  'a default export by another name': [
    'src/x.ts',
    'const y = 1\nexport { y as default }\n',
    /default/,
  ],
}

test('the checker of imports goes red on planted violations', () => {
  for (const [why, [path, text, fault]] of Object.entries(planted)) {
    const faults = violationsOf({ ...sources, [path]: text })
    assert.ok(faults.length > 0, why)
    assert.ok(
      faults.some((each) => each.startsWith(path) && fault.test(each)),
      `${why}: ${faults}`,
    )
  }
})

test('the checker of imports goes red on two names that differ by an s', () => {
  const faults = violationsOf({ ...sources, 'src/domain/cart/carts.ts': '' })
  assert.match(faults.join(), /cart\.ts and carts\.ts/)
})

test('src has main.ts, compose.ts and folders', () => {
  const loose = Object.keys(sources).filter((path) => /^src\/[^/]+$/.test(path))
  assert.deepEqual(loose.sort(), ['src/compose.ts', 'src/main.ts'])
})

test('the checker of imports goes red on a second driver, and on a cycle however long', () => {
  const second = { ...sources, 'src/adapters/http/x.ts': line('node:sqlite') }
  assert.match(violationsOf(second).join(), /node:sqlite is imported by/)
  const cycle = {
    'src/domain/cart/a.ts': line('./b.ts'),
    'src/domain/cart/b.ts': `${line('./c.ts', 'type { C }')}`,
    'src/domain/cart/c.ts': line('./a.ts'),
  }
  assert.match(
    violationsOf(cycle).join(),
    /a\.ts → src\/domain\/cart\/b\.ts → src\/domain\/cart\/c\.ts → /,
  )
  assert.deepEqual(violationsOf({ ...cycle, 'src/domain/cart/c.ts': '' }), [])
})
