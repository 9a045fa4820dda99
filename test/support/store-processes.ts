// Processes that hold a store, and waiting for what they print.
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../adapters/stores/hold-store.ts', import.meta.url))

/** Waits for the condition; fails after ten seconds with what was waited for. */
export const until = async (
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> => {
  const deadline = Date.now() + 10_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await sleep(2)
  }
}

export interface Holder extends AsyncDisposable {
  /** Whole lines only: what a process prints when it is killed may be cut off. */
  lines(): readonly string[]
  /** Ends it as an out-of-memory killer would, and waits until it is gone. */
  kill(): Promise<void>
}

export const startHolder = async (path: string, mode = 'hold'): Promise<Holder> => {
  const child = spawn(process.execPath, [program, path, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  const lines = () => output.split('\n').slice(0, -1)
  await until('the process has printed something', () => lines().length > 0)
  return { lines, kill, [Symbol.asyncDispose]: kill }
}
