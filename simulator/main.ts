// The reservation simulator as a program. Ends by signal, or with the parent that holds it.

import { LedgerError } from './ledger-file.ts'
import { ListenError } from './listen.ts'
import { describeSettings, OptionsError, type ProgramOptions, readOptions } from './options.ts'
import { type Simulator, startSimulator } from './start.ts'

const exitBadConfig = 78

function fail(lines: readonly string[], code: number): never {
  for (const line of lines) process.stderr.write(`reservation simulator: ${line}\n`)
  process.exit(code)
}

function readOptionsOrExit(): ProgramOptions {
  try {
    return readOptions(process.env)
  } catch (cause) {
    if (cause instanceof OptionsError) return fail(cause.mistakes, exitBadConfig)
    throw cause
  }
}

/** Resolves when the parent is gone, also when it ended before we looked. */
function waitForParent(parent: 'ipc' | 'stdin'): Promise<void> {
  return new Promise((resolve) => {
    if (parent === 'stdin') {
      process.stdin.on('end', resolve).on('error', resolve).on('close', resolve).resume()
      return
    }
    process.on('disconnect', resolve)
    if (!process.connected) resolve()
  })
}

function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

function waitForEnd(options: ProgramOptions): Promise<void> {
  const parent = options.parent === 'none' && process.connected ? 'ipc' : options.parent
  if (parent === 'none') return waitForSignal()
  if (parent === 'stdin') return Promise.race([waitForSignal(), waitForParent(parent)])
  // Ctrl-C reaches the whole process group, but the parent still needs us while it drains.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  return waitForParent(parent)
}

async function startOrExit(options: ProgramOptions): Promise<Simulator> {
  try {
    return await startSimulator(options)
  } catch (cause) {
    if (cause instanceof OptionsError) return fail(cause.mistakes, exitBadConfig)
    if (cause instanceof ListenError || cause instanceof LedgerError)
      return fail([cause.message], 1)
    throw cause
  }
}

async function run(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(describeSettings())
    return
  }
  const options = readOptionsOrExit()
  const ended = waitForEnd(options)
  const started = startOrExit(options).then((simulator) => {
    const { latencyMinMs, latencyMaxMs } = options
    process.stdout.write(
      `reservation simulator: listening on ${simulator.url}, grade ${options.grade}, ` +
        `latency ${latencyMinMs} to ${latencyMaxMs} ms, ledger ${options.ledger}, ` +
        `seed ${simulator.seed}\n`,
    )
    return simulator
  })
  // May end before it has started: the port is retried for seconds.
  const simulator = await Promise.race([started, ended])
  await ended
  await simulator?.[Symbol.asyncDispose]()
  process.exit(0)
}

await run()
