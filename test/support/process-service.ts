// The service and the simulator as processes of their own, as they run in production.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Program, startProgram, until } from './process-program.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export type LogLine = Readonly<Record<string, unknown>> & {
  readonly level: string
  readonly msg: string
}

export interface Service extends Program {
  readonly url: string
  readonly port: number
  readonly log: () => readonly LogLine[]
}

export type ServiceSettings = {
  /** Where it runs: its database is there, unless DATABASE_URL names another. */
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  /** The folder of another build of the service. */
  readonly build?: string
  /** Flags of Node. */
  readonly flags?: readonly string[]
  /** Another program that runs it, such as strace. */
  readonly under?: readonly string[]
}

export const databaseOf = (folder: string): string => join(folder, 'cart.db')

const startWithinMs = 30_000

/** Starts src/main.ts and waits until it listens. @throws Error with its output when it does not. */
export const startService = async (settings: ServiceSettings): Promise<Service> => {
  const program = launchService(settings)
  const listening = await until(
    'the service listens',
    () => {
      if (!program.isAlive()) throw new Error(`it ended: ${program.stderr()}${program.stdout()}`)
      return toLog(program.stdout()).find(({ msg }) => msg === 'listening')
    },
    { withinMs: startWithinMs, everyMs: 5 },
  ).catch(async (error: unknown) => {
    await program.kill()
    throw error
  })
  const url = String(listening.url)
  return { ...program, url, port: Number(new URL(url).port), log: () => toLog(program.stdout()) }
}

/** Starts src/main.ts and waits for nothing. */
export const launchService = (settings: ServiceSettings): Program => {
  const { folder, env = {}, build = root, flags = [], under = [] } = settings
  const [command = process.execPath, ...before] = [...under, process.execPath]
  return startProgram({
    command,
    args: [...before, ...flags, join(build, 'src/main.ts')],
    cwd: folder,
    env: { DATABASE_URL: `sqlite:${databaseOf(folder)}`, APP_PORT: '0', ...env },
    signals: under.length === 0 ? 'program' : 'group',
  })
}

export const toLog = (text: string): readonly LogLine[] =>
  text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)

/** The flags between `node` and `src/main.ts` in `npm start`, with whole paths. */
export const flagsOfStart = (): readonly string[] => {
  const text = readFileSync(join(root, 'package.json'), 'utf8')
  const { scripts } = JSON.parse(text) as { readonly scripts: { readonly start: string } }
  const [command, ...words] = scripts.start.split(' ')
  assert.equal(command, 'node')
  assert.equal(words.pop(), 'src/main.ts')
  return words.map((word) => (word.startsWith('./') ? join(root, word) : word))
}

export interface SimulatorProcess extends Program {
  readonly url: string
}

/** Answers fast and without faults by default. */
const simulatorDefaults = {
  SIMULATOR_PORT: '0',
  SIMULATOR_PARENT: 'stdin',
  SIMULATOR_LATENCY_MIN_MS: '0',
  SIMULATOR_LATENCY_MAX_MS: '0',
  SIMULATOR_RELEASE_LATENCY_MS: '0',
}

/** Starts simulator/main.ts with a ledger in the folder and waits until it listens. */
export const startSimulatorProcess = async (
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<SimulatorProcess> => {
  const program = startProgram({
    args: [join(root, 'simulator/main.ts')],
    cwd: folder,
    env: { ...simulatorDefaults, SIMULATOR_LEDGER: join(folder, 'ledger.db'), ...env },
    stdin: 'pipe',
  })
  const url = await until(
    'the simulator listens',
    () => {
      if (!program.isAlive()) throw new Error(`it ended: ${program.stderr()}`)
      return /listening on (\S+),/.exec(program.stdout())?.[1]
    },
    { withinMs: startWithinMs, everyMs: 5 },
  )
  return { ...program, url }
}

export interface Installation extends AsyncDisposable {
  /** The same port for life. */
  readonly url: string
  readonly port: number
  readonly service: Service
  /** Starts another process in place of the one that ended. */
  restart(): Promise<Service>
  /** The same, and waits for nothing: the process is the caller's to end. */
  launch(): Program
}

/** A service that is there again, on its port, after it was killed or stopped. */
export const openInstallation = async (settings: ServiceSettings): Promise<Installation> => {
  let service = await startService(settings)
  const { url, port } = service
  const again = { ...settings, env: { ...settings.env, APP_PORT: String(port) } }
  return {
    url,
    port,
    get service() {
      return service
    },
    restart: async () => {
      await service.ended
      service = await startService(again)
      return service
    },
    launch: () => launchService(again),
    [Symbol.asyncDispose]: async () => void (await service.kill()),
  }
}
