// Runs src/main.ts to its end, in a folder of its own, without anything of this environment.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const mainPath = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type Ended = {
  readonly code: number | null
  readonly stdout: string
  /** The lines on standard error. */
  readonly complaints: readonly string[]
}

export const openFolder = (): Disposable & { readonly path: string } => {
  const path = mkdtempSync(join(tmpdir(), 'cart-start-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** A port that is in use until it is released. */
export const holdPort = async (): Promise<AsyncDisposable & { readonly port: number }> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const deadlineMs = 20_000

/** For programs that end by themselves, or by SIGTERM once they have printed `until`. */
export const runMain = (
  env: Readonly<Record<string, string>>,
  more: { readonly args?: readonly string[]; readonly cwd?: string; readonly until?: string } = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [mainPath, ...(more.args ?? [])], {
      cwd: more.cwd ?? tmpdir(),
      env: { PATH: process.env.PATH, APP_PORT: '0', DATABASE_URL: 'memory:', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      const isNew = more.until !== undefined && !stdout.includes(more.until)
      stdout += chunk
      // Once: a second signal ends the program at once.
      if (isNew && stdout.includes(more.until)) child.kill('SIGTERM')
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      const complaints = stderr.split('\n').filter((line) => line !== '')
      resolve({ code, stdout, complaints })
    })
  })
