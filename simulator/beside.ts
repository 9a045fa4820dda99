// Preloaded by `npm start` (node --import): starts the simulator beside a service that was given no
// reservation service, as a child that ends when the service is gone. Never waits, never keeps the
// service alive.
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

function isWanted(env: NodeJS.ProcessEnv): boolean {
  const isNamed = Boolean(env.RESERVATION_SERVICE_URL?.trim())
  const isNamedInFile = env.RESERVATION_SERVICE_URL_FILE !== undefined
  const isOff = env.RESERVATIONS === 'off'
  // Production insists on a real service; a simulated one would hide that the URL is missing.
  const isProduction = env.ENV_NAME === 'prod'
  return !isNamed && !isNamedInFile && !isOff && !isProduction
}

function startBeside(): void {
  const port = process.env.SIMULATOR_PORT?.trim() || '8081'
  process.env.RESERVATION_SERVICE_URL = `http://127.0.0.1:${port}`
  const complain = (what: string) => {
    process.stderr.write(
      `the reservation simulator ${what}: set SIMULATOR_PORT to a free port, or ` +
        'RESERVATION_SERVICE_URL to a running reservation service\n',
    )
  }
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), {
    env: { ...process.env, SIMULATOR_PARENT: 'ipc' },
    // Not this process's own flags: they preload this very file.
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  child.on('error', (cause) => complain(`could not be started (${cause.message})`))
  child.on('exit', (code, signal) => {
    if (code !== 0) complain(`ended with ${signal ?? `exit code ${code}`}`)
  })
  child.unref()
  child.channel?.unref()
}

// A preload runs again in every worker thread.
if (isMainThread && existsSync('.env')) process.loadEnvFile('.env')
if (isMainThread && isWanted(process.env)) startBeside()
