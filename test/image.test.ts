// The image and the composition, without a container engine: what their files name is there, and the files
// that the image holds run the service on a root that can't be written.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { describeSettings, readOptions } from '../simulator/options.ts'
import { readConfig, settings } from '../src/config/read-config.ts'
import { findFreePort } from './support/process-port.ts'
import { openFolder, type Program, startProgram, until } from './support/process-program.ts'
import { root } from './support/process-service.ts'

type Texts = Readonly<Record<string, string>>
type Instruction = { readonly name: string; readonly rest: string }
type Copy = {
  readonly from: 'context' | 'build'
  readonly paths: readonly string[]
  readonly to: string
}
type Healthcheck = { readonly test?: readonly string[]; readonly disable?: boolean }
type ComposeService = {
  readonly image: string
  readonly build?: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: Healthcheck
  readonly ports?: readonly string[]
  readonly volumes?: readonly (string | { readonly type: string; readonly target: string })[]
  readonly stop_grace_period?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
}

const read = (name: string): string => readFileSync(join(root, name), 'utf8')

/** The stages of the Dockerfile, each with what follows its FROM. */
const readStages = (): readonly (readonly Instruction[])[] => {
  const lines = read('Dockerfile')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
  const stages: Instruction[][] = []
  for (const line of lines) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push([])
    else if (name !== '') stages.at(-1)?.push({ name, rest })
  }
  return stages
}

const [build = [], image = []] = readStages()

const restsOf = (stage: readonly Instruction[], name: string): readonly string[] =>
  stage.filter((each) => each.name === name).map(({ rest }) => rest)

const copiesOf = (stage: readonly Instruction[]): readonly Copy[] =>
  restsOf(stage, 'COPY').map((rest) => {
    const words = rest.split(/\s+/)
    const paths = words.filter((word) => !word.startsWith('--'))
    const from = words.includes('--from=build') ? 'build' : 'context'
    return { from, paths: paths.slice(0, -1), to: paths.at(-1) ?? '' }
  })

const imageEnv: Texts = Object.fromEntries(
  [
    ...restsOf(image, 'ENV')
      .join(' ')
      .matchAll(/(\w+)=(\S+)/g),
  ].map((match) => match.slice(1, 3)),
)
const imageCommand = JSON.parse(restsOf(image, 'CMD')[0] ?? '[]') as readonly string[]
const imageHealthcheck = JSON.parse(
  /\bCMD (\[.*\])$/.exec(restsOf(image, 'HEALTHCHECK')[0] ?? '')?.[1] ?? '[]',
) as readonly string[]

const composeText = read('compose.yaml').replace(/\$\{\w+:-([^}]*)\}/g, '$1')
const compose = parse(composeText, { merge: true }) as {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const services = Object.entries(compose.services)
const ours = services.filter(([, { image }]) => image === 'cart-service')
const envOf = ({
  environment = {},
}: {
  readonly environment?: ComposeService['environment']
}): Texts =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]))
const isSimulator = ({ command }: ComposeService) => command?.includes('simulator/main.ts') ?? false

const known = new Set([
  ...Object.values(settings).map(({ name }): string => name),
  ...(describeSettings().match(/SIMULATOR_\w+/g) ?? []),
  ...['NODE_ENV', 'NODE_COMPILE_CACHE'],
])

const noFile = (): string => {
  throw new Error('no file is named')
}

test('every path that the Dockerfile copies exists, and .dockerignore allows no other', () => {
  const copied = [...copiesOf(build), ...copiesOf(image)]
    .filter(({ from }) => from === 'context')
    .flatMap(({ paths }) => paths)
  for (const path of copied) assert.ok(existsSync(join(root, path)), path)
  const lines = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const allowed = [...new Set(copied)].sort().map((path) => `!${path}`)
  assert.deepEqual(lines, ['*', ...allowed])
})

test('every program that the image or the composition starts is in the image', () => {
  const copied = copiesOf(image).flatMap(({ paths }) => paths)
  for (const command of [imageCommand, ...ours.map(([, service]) => service.command ?? [])]) {
    const [program = 'node', script = 'src/main.ts', ...more] = command
    assert.equal(program, 'node', 'node itself gets the signals')
    assert.deepEqual(more, [])
    assert.ok(copied.includes(script.replace(/\/.*/, '')), script)
    assert.ok(existsSync(join(root, script)), script)
  }
})

test('every variable of the image and the composition is a setting, with a valid value', () => {
  for (const [name, service] of [['image', {}], ...ours] as const) {
    const env = { ...imageEnv, ...envOf(service) }
    for (const variable of Object.keys(env))
      assert.ok(known.has(variable), `${variable} of ${name}`)
    readOptions(env)
    readConfig(env, noFile)
  }
})

test('every condition that a service of the composition waits for can be met', () => {
  for (const [name, { depends_on: awaited = {} }] of services) {
    for (const [other, { condition }] of Object.entries(awaited)) {
      const { healthcheck, image, command = [] } = compose.services[other] ?? assert.fail(other)
      const isChecked = healthcheck?.test !== undefined || image === 'cart-service'
      const isHealthy = isChecked && healthcheck?.disable !== true
      const conditions = {
        service_healthy: isHealthy,
        service_completed_successfully: command.includes('src/programs/migrate.ts'),
      }
      assert.ok(conditions[condition as keyof typeof conditions], `${name}: ${other} ${condition}`)
    }
  }
})

test('every service, volume and address that is named is in the composition', () => {
  assert.deepEqual(
    ours.filter(([, { build }]) => build !== undefined).map(([name]) => name),
    ['migrate'],
    'one service builds the image, so that no two builds write one name',
  )
  for (const [name, service] of services) {
    for (const url of Object.values(envOf(service)).filter((text) => text.includes('://'))) {
      const { hostname } = new URL(url)
      assert.ok(compose.services[hostname] !== undefined, `${name}: ${url}`)
    }
    const volumes = (service.volumes ?? [])
      .filter((volume) => typeof volume === 'string')
      .map((volume) => volume.replace(/:.*/, ''))
    for (const volume of volumes) assert.ok(volume in compose.volumes, `${name}: ${volume}`)
  }
  const ports = services.flatMap(([, service]) => service.ports ?? [])
  assert.equal(new Set(ports.map((port) => port.split(':')[1])).size, ports.length)
  for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/)
  for (const address of read('Makefile').match(/127\.0\.0\.1:\d+/g) ?? []) {
    assert.ok(
      ports.some((port) => port.startsWith(`${address}:`)),
      address,
    )
  }
})

test('no service may write its root or gain rights, and ours have time to stop', () => {
  for (const [name, service] of services) {
    assert.equal(service.read_only, true, name)
    assert.deepEqual(service.cap_drop, ['ALL'], name)
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name)
  }
  for (const [name, service] of ours) assert.equal(service.stop_grace_period, '30s', name)
  assert.deepEqual(restsOf(image, 'STOPSIGNAL'), ['SIGTERM'])
  assert.deepEqual(restsOf(image, 'USER'), ['node'])
})

/** Not root, so that file modes apply. Undefined: the present user will do. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined

const seconds = 1_000
const isUnreachable = (output: string): boolean =>
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|E?TIMEDOUT)\b/.test(
    output,
  )

/** The root of the image, made as the Dockerfile says, in a folder. */
type Root = {
  readonly folder: string
  /** Paths of the image as paths of this machine. */
  readonly inside: (text: string) => string
  /** That of the image, with more. */
  readonly env: (more: Texts) => Texts
  readonly node: string
}

const prepareRoot = (folder: string): Root => {
  const node = join(folder, 'bin/node')
  for (const name of ['bin', 'app', 'data', 'tmp']) mkdirSync(join(folder, name))
  // Another user may have no access to the folder of this one.
  cpSync(process.execPath, node)
  chmodSync(folder, 0o755)
  if (user !== undefined) {
    for (const name of ['data', 'tmp']) chownSync(join(folder, name), user.uid, user.gid)
  }
  const inside = (text: string) => text.replace(/(?<![\w.])\/(?=(app|data|tmp)\b)/g, `${folder}/`)
  const env = (more: Texts) => {
    const all = Object.entries({ ...imageEnv, ...more })
    return Object.fromEntries(all.map(([name, value]) => [name, inside(value)]))
  }
  return { folder, inside, env, node }
}

/** @returns why the image can't be made here, if it can't. */
const makeImage = ({ folder, inside }: Root): string | undefined => {
  const app = join(folder, 'app')
  const built = join(folder, 'built')
  const run = (command: string, env: Texts, as: typeof user) => {
    const path = `${folder}/bin:${process.env.PATH}`
    const options = { cwd: app, env: { ...env, PATH: path }, timeout: 120 * seconds, ...as }
    return spawnSync('sh', ['-c', command], { ...options, encoding: 'utf8' })
  }
  for (const { name, rest } of build) {
    if (name === 'COPY') copyAll({ name, rest }, root, app)
    if (name !== 'RUN') continue
    const isInstall = rest.startsWith('npm ')
    const { status, stdout, stderr, error } = isInstall
      ? run(rest, { ...(process.env as Texts), npm_config_fetch_retries: '0' }, undefined)
      : run(inside(rest), { HOME: join(folder, 'tmp') }, user)
    const output = `${stdout}${stderr}${error ?? ''}`
    if (isInstall && status !== 0 && isUnreachable(output)) return 'npm reaches no registry'
    assert.equal(status, 0, `${rest}: ${output}`)
  }
  // Node finds what it kept by the path of the sources, which is the same in both stages.
  renameSync(app, built)
  mkdirSync(app)
  for (const { name, rest } of image) {
    if (name === 'COPY') copyAll({ name, rest }, rest.includes('--from') ? folder : root, app)
  }
  return undefined
}

const copyAll = (instruction: Instruction, from: string, app: string): void => {
  for (const { paths, to } of copiesOf([instruction])) {
    for (const path of paths) {
      const source = path.replace(/^\/app\//, '/built/')
      const isInto = to.endsWith('/')
      cpSync(join(from, source), join(app, to, isInto ? basename(path) : ''), { recursive: true })
    }
  }
}

const protect = (folder: string, mode: 'a-w' | 'u+w'): void => {
  const { status } = spawnSync('chmod', ['-R', mode, join(folder, 'app')])
  assert.equal(status, 0)
}

/** Becomes the program, so that signals reach it and its exit code is seen; keeps nothing itself. */
const becomeOther = `
  delete process.env.NODE_DISABLE_COMPILE_CACHE
  process.setgroups([]); process.setgid(${user?.gid}); process.setuid(${user?.uid})
  process.execve(process.argv[1], process.argv.slice(1), process.env)`

const startInside = ({ folder, node }: Root, args: readonly string[], env: Texts): Program =>
  startProgram({
    command: node,
    args: user === undefined ? args : ['-e', becomeOther, node, ...args],
    cwd: join(folder, 'app'),
    env: {
      ...env,
      TMPDIR: join(folder, 'tmp'),
      ...(user !== undefined && { NODE_DISABLE_COMPILE_CACHE: '1' }),
    },
  })

const checkHealth = ({ folder, node }: Root, command: readonly string[], env: Texts): boolean => {
  const options = { cwd: join(folder, 'app'), env, timeout: 10 * seconds, ...user }
  return spawnSync(node, command.slice(1), options).status === 0
}

const untilHealthy = async (program: Program, isHealthy: () => boolean): Promise<void> => {
  await until('it is healthy', () => isHealthy() || !program.isAlive(), { withinMs: 30 * seconds })
  assert.ok(program.isAlive(), program.stderr())
}

const keptIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()

const serveAndStop = async (made: Root): Promise<void> => {
  const port = await findFreePort()
  const env = made.env({ APP_PORT: String(port) })
  const cache = env.NODE_COMPILE_CACHE ?? ''
  const kept = keptIn(cache)
  assert.ok(kept.length > 100, `${kept.length} files are kept of the sources`)
  await using service = startInside(made, imageCommand.slice(1), env)
  await untilHealthy(service, () => checkHealth(made, imageHealthcheck, env))
  const url = `http://127.0.0.1:${port}`
  const body = JSON.stringify({ product_id: 'apple', quantity: 1 })
  const headers = { 'content-type': 'application/json' }
  const added = await fetch(`${url}/v1/cart/abcde/items`, { method: 'POST', body, headers })
  assert.equal(added.status, 201)
  assert.equal((await fetch(`${url}/docs/static/index.html`)).status, 200)
  const { code } = await service.stop()
  assert.equal(code, 0, service.stderr())
  assert.equal(checkHealth(made, imageHealthcheck, env), false)
  assert.deepEqual(keptIn(cache), kept)
  assert.deepEqual(keptIn(join(made.folder, 'data')).slice(0, 1), ['cart.db'])
}

const simulateAndStop = async (made: Root): Promise<void> => {
  const described = ours.find(([, each]) => isSimulator(each))?.[1] ?? assert.fail()
  const port = String(await findFreePort())
  const env = made.env({ ...envOf(described), SIMULATOR_PORT: port })
  const check = (described.healthcheck?.test ?? [])
    .slice(1)
    .map((text) => text.replace(':8081/', `:${port}/`))
  await using simulator = startInside(made, ['simulator/main.ts'], env)
  await untilHealthy(simulator, () => checkHealth(made, check, env))
  assert.equal((await simulator.stop()).code, 0)
  assert.ok(existsSync(made.inside('/data/simulator.db')))
}

test('the service and the simulator of the image run, are healthy and stop on a read-only root', {
  skip: process.platform === 'win32' && 'the image is made for Linux',
}, async (t: TestContext) => {
  using folder = openFolder()
  const made = prepareRoot(folder.path)
  const reason = makeImage(made)
  if (reason !== undefined) return t.skip(reason)
  protect(folder.path, 'a-w')
  try {
    await serveAndStop(made)
    await simulateAndStop(made)
  } finally {
    // Or the folder could not be removed.
    protect(folder.path, 'u+w')
  }
})
