// A start that fails after some parts are open closes them: what they held is free again.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { openLog } from '../../src/adapters/telemetry/log.ts'
import { type Host, openService } from '../../src/compose.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { systemClock } from '../../src/process/system-clock.ts'
import { openFolder } from '../support/process-program.ts'

const noFile = (path: string): never => {
  throw new Error(`there is no file ${path}`)
}

/** A port that another program listens on. */
const openTakenPort = async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { port, [Symbol.asyncDispose]: close }
}

test('after a start that failed for its port, the database file and all else are free', async () => {
  using folder = openFolder()
  await using taken = await openTakenPort()
  const env = {
    DATABASE_URL: `sqlite:${join(folder.path, 'cart.db')}`,
    RESERVATION_SERVICE_URL: 'http://127.0.0.1:1',
    LOG_LEVEL: 'silent',
  }
  const host: Host = { log: openLog('silent'), clock: systemClock(), peers: null }
  const open = (port: number) =>
    openService(readConfig({ ...env, APP_PORT: String(port) }, noFile), host)
  const timersBefore = process.getActiveResourcesInfo().length
  await assert.rejects(open(taken.port), { code: 'EADDRINUSE' })
  // Threads, timers and sockets: what stays open would keep the process alive.
  assert.ok(process.getActiveResourcesInfo().length <= timersBefore)
  // The file has one owner at a time.
  const service = await open(0)
  assert.equal((await fetch(`${service.url}/ready`)).status, 200)
  await service.stop()
})
