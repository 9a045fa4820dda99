// The processes under measurement: each a child of its own, with default settings unless said so.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

export type Target = AsyncDisposable & {
  readonly url: string
  readonly pid: number
}

export type ServiceOptions = {
  readonly folder: string
  readonly databaseUrl: string
  readonly reservationServiceUrl: string
  /** Settings beside the defaults. */
  readonly env?: Readonly<Record<string, string>>
}

const startWithinMs = 30_000
const stopWithinMs = 30_000
const tmpfsType = 0x01021994
const clockTicksPerSecond = 100

const scriptOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** A folder on the disk of the checkout, removed when disposed of. */
export const openFolder = (): Disposable & { readonly path: string } => {
  const parent = scriptOf('data')
  mkdirSync(parent, { recursive: true })
  assertOnDisk(parent, 'move the checkout to a disk')
  const path = mkdtempSync(`${parent}/bench-`)
  const remove = () => rmSync(path, { recursive: true, force: true })
  process.once('exit', remove)
  return {
    path,
    [Symbol.dispose]: () => {
      process.removeListener('exit', remove)
      remove()
    },
  }
}

export const assertOnDisk = (folder: string, otherwise: string): void => {
  if (statfsSync(folder).type !== tmpfsType) return
  throw new Error(`a durable write costs nothing in memory, where ${folder} is; ${otherwise}`)
}

export const startService = (options: ServiceOptions): Promise<Target> =>
  start('src/main.ts', options.folder, {
    APP_PORT: '0',
    DATABASE_URL: options.databaseUrl,
    RESERVATION_SERVICE_URL: options.reservationServiceUrl,
    ...options.env,
  })

/** Its ledger is in memory: the real service would be another machine and keep our disk free. */
export const startSimulator = (folder: string, latencyMs: number): Promise<Target> =>
  start('simulator/main.ts', folder, {
    SIMULATOR_PORT: '0',
    SIMULATOR_LEDGER: 'memory',
    SIMULATOR_LATENCY_MIN_MS: String(latencyMs),
    SIMULATOR_LATENCY_MAX_MS: String(latencyMs),
    SIMULATOR_PARENT: 'stdin',
  })

export const startEcho = (folder: string, cart: string): Promise<Target> =>
  start('bench/echo.ts', folder, { ECHO_CART: cart })

const start = async (
  script: string,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<Target> => {
  // In a folder of its own, so that no .env of the checkout is read.
  const cache = pathToFileURL(scriptOf('src/process/compile-cache.mjs')).href
  // As `npm start` does it.
  const child = spawn(process.execPath, ['--import', cache, scriptOf(script)], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const url = await readUrl(child, script).catch((error: unknown) => {
    kill()
    throw error
  })
  return {
    url,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      process.removeListener('exit', kill)
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${script} ended by itself with ${child.signalCode ?? child.exitCode}`)
      }
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(kill, stopWithinMs)
      await ended
      clearTimeout(timer)
    },
  }
}

const readUrl = (child: ChildProcess, script: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => fail('said nothing in time'), startWithinMs)
    const fail = (what: string) => {
      clearTimeout(timer)
      reject(new Error(`${script} ${what}: ${text}`))
    }
    child.once('exit', (code) => fail(`ended with ${code}`))
    const look = (chunk: Buffer) => {
      text += chunk
      const url = /http:\/\/[\w.]+:\d+/.exec(text)?.[0]
      if (url === undefined) return
      clearTimeout(timer)
      child.removeAllListeners('exit')
      child.stdout?.off('data', look).resume()
      resolve(url)
    }
    child.stdout?.on('data', look)
  })

export type Cpu = { readonly mainMs: number; readonly allMs: number }

/** Time on a core since the start; 10 ms exact. */
export const readCpu = ({ pid }: Target): Cpu => ({
  mainMs: cpuMsOf(`/proc/${pid}/task/${pid}/stat`).ms,
  allMs: cpuMsOf(`/proc/${pid}/stat`).ms,
})

/** What a `stat` of /proc says: time of its own, and of its children that ended. */
export const cpuMsOf = (path: string) => {
  // Behind the name of the program, which may hold anything.
  const fields = readFileSync(path, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  const read = (first: number) =>
    ((Number(fields[first]) + Number(fields[first + 1])) * 1_000) / clockTicksPerSecond
  return { parent: Number(fields[1]), ms: read(11), endedMs: read(13) }
}

/** Resident memory in MiB: now, and the most there ever was. */
export const readRss = ({ pid }: Target): { readonly nowMb: number; readonly peakMb: number } => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const read = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024
  return { nowMb: read('VmRSS'), peakMb: read('VmHWM') }
}

export const limitOfOpenFiles = (): number => {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const text = /^Max open files\s+(\w+)/m.exec(limits)?.[1]
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text)
}
