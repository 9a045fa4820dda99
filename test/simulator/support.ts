// What the simulator's tests share: calls, waits with a deadline, programs that end with the test.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const fast = { latencyMinMs: 0, latencyMaxMs: 0, releaseLatencyMs: 0 }

export const mainPath = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url))

export async function call(url: string, method = 'GET', body?: unknown, key?: string) {
  const response = await fetch(url, {
    method,
    headers: key === undefined ? {} : { 'idempotency-key': key },
    signal: AbortSignal.timeout(10_000),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: JSON.parse(text) as Record<string, unknown> }
}

export const reserve = (url: string, key?: string, item = 'apple') =>
  call(`${url}/reserve`, 'POST', { item, ...(key !== undefined && { reference: key }) }, key)

export const release = (url: string, id: unknown) => call(`${url}/reserve/${id}`, 'DELETE')

/** Waits for the condition; fails after ten seconds with what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await sleep(5)
  }
}

export async function isUp(url: string): Promise<boolean> {
  try {
    return (await call(`${url}/health`)).status === 200
  } catch {
    return false
  }
}

export async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

export function openFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'simulator-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export interface Program extends AsyncDisposable {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  output(): { readonly stdout: string; readonly stderr: string }
}

export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin: 'ignore' | 'pipe' = 'ignore',
): Program {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ...env },
    // A process group of its own, so that a test can signal the whole of it.
    detached: true,
    stdio: [stdin, 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    child,
    ended,
    output: () => ({ stdout, stderr }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

export const fastEnv = {
  SIMULATOR_LATENCY_MIN_MS: '0',
  SIMULATOR_LATENCY_MAX_MS: '0',
  SIMULATOR_RELEASE_LATENCY_MS: '0',
}

/** Starts simulator/main.ts and waits until it answers. */
export async function startMain(
  ledger: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Program & { readonly url: string }> {
  const port = await findFreePort()
  const program = startProgram([mainPath], {
    ...fastEnv,
    SIMULATOR_PORT: String(port),
    SIMULATOR_LEDGER: ledger,
    ...env,
  })
  const url = `http://127.0.0.1:${port}`
  await until('the simulator answers', () => isUp(url))
  return { ...program, url }
}
