// Programs that tests start: their output is kept, and none of them outlives the test that started it.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export interface Program extends AsyncDisposable {
  readonly pid: number
  /** Resolves when it has ended and all its output is here. */
  readonly ended: Promise<Exit>
  readonly isAlive: () => boolean
  readonly stdout: () => string
  readonly stderr: () => string
  signal(name: NodeJS.Signals): void
  /** Ends it with SIGKILL. */
  kill(): Promise<Exit>
  /** SIGTERM, and the end within the time. @throws Error when it takes longer. */
  stop(withinMs?: number): Promise<Exit>
}

export type ProgramOptions = {
  readonly command?: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** `pipe`: the program sees the end of its input when this process is gone. */
  readonly stdin?: 'ignore' | 'pipe'
  /** `group`: signals go to all that it started, too; strace does not hand them on. */
  readonly signals?: 'program' | 'group'
}

const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) signalAll(child, 'SIGKILL')
})
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => process.exit(1))
}

const signalAll = ({ pid }: ChildProcess, name: NodeJS.Signals): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch (error) {
    // Gone already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

export const startProgram = (options: ProgramOptions): Program => {
  const { command = process.execPath, args, env, cwd, stdin = 'ignore', signals } = options
  const child = spawn(command, args, {
    cwd,
    env: { ...inherited(), ...env },
    // In a process group of its own.
    detached: true,
    stdio: [stdin, 'pipe', 'pipe'],
  })
  running.add(child)
  const stdout = collect(child, 'stdout')
  const stderr = collect(child, 'stderr')
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal })
    })
  })
  // A caller that waits for the end gets the error; no caller has to wait.
  ended.catch(() => {})
  const signal = (name: NodeJS.Signals): void => {
    if (signals !== 'group') child.kill(name)
    else if (running.has(child)) signalAll(child, name)
  }
  const kill = () => {
    signal('SIGKILL')
    return ended
  }
  return {
    pid: child.pid ?? -1,
    ended,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    stdout,
    stderr,
    signal,
    kill,
    stop: (withinMs = 30_000) => {
      signal('SIGTERM')
      return within(`the end of process ${child.pid}`, ended, withinMs)
    },
    [Symbol.asyncDispose]: async () => void (await kill()),
  }
}

// Nothing of the environment of the tests: settings of the developer's shell would change what is tested.
const inherited = (): Record<string, string> => {
  const names = ['PATH', 'HOME', 'TMPDIR', 'NODE_V8_COVERAGE']
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

const collect = (child: ChildProcess, name: 'stdout' | 'stderr'): (() => string) => {
  const chunks: string[] = []
  child[name]?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  return () => {
    // Joined once for all that came so far, however often it is asked for.
    if (chunks.length > 1) chunks.splice(0, chunks.length, chunks.join(''))
    return chunks[0] ?? ''
  }
}

/** The promise, or an error with what was waited for. */
export const within = async <T>(what: string, promise: Promise<T>, ms: number): Promise<T> => {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    timeout.reject(new Error(`waited ${ms} ms in vain for ${what}`))
  }, ms)
  try {
    return await Promise.race([promise, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for the condition; fails with what was waited for, and what was seen last. */
export const until = async <T>(
  what: string,
  look: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 10 }: { withinMs?: number; everyMs?: number } = {},
): Promise<NonNullable<Exclude<T, false>>> => {
  const deadline = Date.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen !== false && seen !== null && seen !== undefined) {
      return seen as NonNullable<Exclude<T, false>>
    }
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain until ${what}`)
    await sleep(everyMs)
  }
}

export interface Folder extends Disposable {
  readonly path: string
}

/** A folder that is gone at the end of the scope. */
export const openFolder = (): Folder => {
  const path = mkdtempSync(join(tmpdir(), 'cart-test-'))
  const remove = () => rmSync(path, { recursive: true, force: true })
  // Also when the test is ended from outside.
  process.once('exit', remove)
  return {
    path,
    [Symbol.dispose]: () => {
      process.off('exit', remove)
      remove()
    },
  }
}
