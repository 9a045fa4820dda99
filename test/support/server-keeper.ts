// Run as a process of its own: owns one server and its folder on behalf of the process that started it.
// When that process is gone, however it ended, the server is stopped and the folder removed.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export type KeeperOptions = {
  readonly name: string
  /** The user that the server runs as and that owns the folder; without it, the user of the tests. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Ends the server at once, without leaving anything of it in the system. */
  readonly endSignal: NodeJS.Signals
}

export type Order =
  | { readonly kind: 'run' | 'launch'; readonly command: string; readonly args: readonly string[] }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'kill' | 'freeze' | 'thaw' | 'look' | 'end' }

export type Look = {
  readonly folder: string
  /** Of the server that runs, if one does. */
  readonly pid: number | null
  /** The last that the server wrote. */
  readonly log: string
}

export type Reply = { readonly id: number; readonly look?: Look; readonly error?: string }

const endMaxMs = 10_000
const stopMaxMs = 60_000
const logBytesMax = 4_000

const options = JSON.parse(process.argv[2] ?? '') as KeeperOptions
const folder = mkdtempSync(join(tmpdir(), `cart-${options.name}-`))
if (options.user !== undefined) chownSync(folder, options.user.uid, options.user.gid)
const logFile = join(folder, 'log')
const logFd = openSync(logFile, 'a')

let server: ChildProcess | undefined
let runner: ChildProcess | undefined
let ending: Promise<void> | undefined

const isRunning = (child: ChildProcess | undefined): child is ChildProcess & { pid: number } =>
  child?.pid !== undefined && child.exitCode === null && child.signalCode === null

const start = (command: string, args: readonly string[]): ChildProcess => {
  if (ending !== undefined) throw new Error('the server is being stopped already')
  // The settings of the developer's shell would change what is tested.
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C' }
  return spawn(command, args, {
    ...options.user,
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', logFd, logFd],
  })
}

const signal = (pid: number, name: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

type Process = { readonly pid: number; readonly parent: number; readonly state: string }

const listProcesses = (): readonly Process[] => {
  if (process.platform !== 'linux') {
    const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state='], { encoding: 'utf8' })
    return text.split('\n').map((line) => {
      const [pid, parent, state = ''] = line.trim().split(/\s+/)
      return { pid: Number(pid), parent: Number(parent), state }
    })
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const [state = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return [{ pid: Number(pid), parent: Number(parent), state }]
    } catch {
      // It ended since the folder was read.
      return []
    }
  })
}

/** To the server and its children, which are in process groups of their own in PostgreSQL. */
const signalAll = (pid: number, name: NodeJS.Signals): ReadonlySet<number> => {
  // From here on it starts no more children.
  signal(pid, 'SIGSTOP')
  const children = listProcesses().filter(({ parent }) => parent === pid)
  const ids = new Set(children.map((child) => child.pid))
  for (const each of [...ids, pid]) signal(each, name)
  return ids
}

/** Like a crash of the machine: no process of the server does anything more. */
const killAll = async (): Promise<void> => {
  if (!isRunning(server)) return
  const exit = once(server, 'exit')
  const ids = signalAll(server.pid, 'SIGKILL')
  await exit
  // The next start is refused as long as one of them holds the shared memory.
  const isAlive = ({ pid, state }: Process) => ids.has(pid) && !/^[ZX]/.test(state)
  for (let turn = 0; turn < 1_000 && listProcesses().some(isAlive); turn += 1) await sleep(10)
}

/** Whether it ended in time. */
const waitForExit = (child: ChildProcess | undefined, withinMs: number): Promise<boolean> => {
  if (!isRunning(child)) return Promise.resolve(true)
  const exit = once(child, 'exit').then(() => true)
  return Promise.race([exit, sleep(withinMs, false, { ref: false })])
}

const endServer = (name: NodeJS.Signals, withinMs: number): Promise<boolean> => {
  if (isRunning(server)) signal(server.pid, name)
  return waitForExit(server, withinMs)
}

const run = async (command: string, args: readonly string[]): Promise<void> => {
  runner = start(command, args)
  const [code, name] = await once(runner, 'exit')
  if (code !== 0) throw new Error(`${command} ended with ${name ?? code}: ${readLog()}`)
}

const launch = async (command: string, args: readonly string[]): Promise<void> => {
  if (isRunning(server)) throw new Error('the server is running already')
  server = start(command, args)
  await once(server, 'spawn')
}

const readLog = (): string => readFileSync(logFile, 'utf8').slice(-logBytesMax)

/** Once and to the end, however often it is called. */
const end = (): Promise<void> => {
  ending ??= shutDown()
  return ending
}

const shutDown = async (): Promise<void> => {
  if (isRunning(server)) signalAll(server.pid, 'SIGCONT')
  // Takes a second. Killed, initdb would leave shared memory in the system.
  if (!(await waitForExit(runner, endMaxMs)) && isRunning(runner)) signal(-runner.pid, 'SIGKILL')
  if (!(await endServer(options.endSignal, endMaxMs))) await killAll()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
}

const obey = async (order: Order): Promise<void> => {
  switch (order.kind) {
    case 'run':
      return run(order.command, order.args)
    case 'launch':
      return launch(order.command, order.args)
    case 'signal':
      if (await endServer(order.signal, stopMaxMs)) return
      throw new Error(`the server did not end within ${stopMaxMs} ms: ${readLog()}`)
    case 'kill':
      return killAll()
    case 'freeze':
    case 'thaw':
      if (!isRunning(server)) throw new Error('the server is not running')
      return void signalAll(server.pid, order.kind === 'freeze' ? 'SIGSTOP' : 'SIGCONT')
    case 'end':
      return end()
    case 'look':
      return
  }
  order satisfies never
}

const answer = async (id: number, order: Order): Promise<Reply> => {
  try {
    await obey(order)
    if (order.kind !== 'look') return { id }
    return { id, look: { folder, pid: isRunning(server) ? server.pid : null, log: readLog() } }
  } catch (error) {
    return { id, error: (error as Error).message }
  }
}

const leave = () => end().then(() => process.exit(0))
process.once('disconnect', leave)
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, leave)
process.on('message', async ({ id, order }: { readonly id: number; readonly order: Order }) => {
  const reply = await answer(id, order)
  // The process that asked may have ended meanwhile.
  if (process.connected) process.send?.(reply, undefined, {}, () => {})
})
