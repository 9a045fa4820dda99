// The first process of a cluster. It serves nothing: it starts the members, restarts what dies, and ends
// with them.
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Log } from '../../adapters/telemetry/log.ts'
import type { Service } from '../../compose.ts'
import type { Config } from '../../config/read-config.ts'
import { passMetricsOn, sendTo } from './gather-metrics.ts'
import type { ToSupervisor } from './messages.ts'

/** A member did not come up at the first start; it has said why. */
export class MemberError extends Error {
  readonly exitCode: number
  constructor(exitCode: number) {
    super('the processes of CLUSTER did not all start')
    this.name = 'MemberError'
    this.exitCode = exitCode
  }
}

/** The service of all members. @throws MemberError when one of them cannot start. */
export const openSupervisor = async (config: Config, log: Log): Promise<Service> => {
  const port = await findPort(config)
  // Members run what this process runs. Metrics have numbers that JSON cannot write.
  cluster.setupPrimary({ serialization: 'advanced' })
  passMetricsOn()
  // However this process ends by itself, no member outlives it.
  process.once('exit', () => {
    for (const member of Object.values(cluster.workers ?? {})) member?.process.kill('SIGKILL')
  })
  // What the environment says goes before the file .env, also when it says nothing.
  const env = { CLUSTER: String(config.cluster), APP_PORT: String(port), PID_FILE: '' }
  const seats = Array.from({ length: config.cluster }, () => openSeat(env, log))
  const stop = async () => {
    const areAllWell = (await Promise.all(seats.map((seat) => seat.stop()))).every(Boolean)
    if (!areAllWell) process.exitCode = 1
  }
  try {
    const urls = await Promise.all(seats.map((seat) => seat.listening))
    return { url: urls[0] ?? '', stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Fails as the members would, before there are any; and chooses the port when any free one will do. */
const findPort = async ({ host, port }: Config): Promise<number> => {
  const server = createServer().listen({ host, port })
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : port
}

type Seat = {
  /** Where the first member listens. @throws MemberError when it ends before that. */
  readonly listening: Promise<string>
  /** Resolves when no member is left, with whether it ended well. */
  stop(): Promise<boolean>
}

type End = {
  /** Its process id. */
  readonly member: number | undefined
  readonly code: number | null
  readonly signal: string | null
}

const delayMinMs = 500
const delayMaxMs = 10_000

/** A member, and another one each time it ends unasked: after a while that grows until one lasts. */
const openSeat = (env: Readonly<Record<string, string>>, log: Log): Seat => {
  const listening = Promise.withResolvers<string>()
  const stopped = Promise.withResolvers<boolean>()
  let state: 'starting' | 'serving' | 'stopping' = 'starting'
  let timer: NodeJS.Timeout | undefined
  let member: Worker | null = null
  let delayMs = delayMinMs
  const start = (): void => {
    const startedAt = performance.now()
    const started = cluster.fork(env)
    member = started
    started.on('message', (message: ToSupervisor) => {
      if (message.kind !== 'listening') return
      if (state === 'starting') state = 'serving'
      listening.resolve(message.url)
    })
    const end = (code: number | null, signal: string | null): void => {
      member = null
      onEnd({ member: started.process.pid, code, signal }, performance.now() - startedAt)
    }
    started.once('exit', end)
    // One that has a process id ends with an exit; one that has none was never there.
    started.on('error', () => started.process.pid === undefined && end(null, null))
  }
  const onEnd = (end: End, livedMs: number): void => {
    if (state === 'stopping') {
      if (end.code !== 0) log.warn(end, 'a process of the cluster did not end well')
      stopped.resolve(end.code === 0)
      return
    }
    if (state === 'starting') {
      state = 'stopping'
      stopped.resolve(true)
      listening.reject(new MemberError(end.code || 1))
      return
    }
    if (livedMs > delayMaxMs) delayMs = delayMinMs
    log.warn({ ...end, delayMs }, 'a process of the cluster ended; another replaces it')
    timer = setTimeout(start, delayMs)
    delayMs = Math.min(delayMaxMs, delayMs * 2)
  }
  start()
  return {
    listening: listening.promise,
    stop: () => {
      state = 'stopping'
      clearTimeout(timer)
      if (member === null) stopped.resolve(true)
      else sendTo(member, { kind: 'stop' })
      return stopped.promise
    },
  }
}
