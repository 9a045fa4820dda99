// Redis for tests: the server of TEST_REDIS_URL, or one that is started from the program of this machine
// and gone when the process is. Each test file takes a key prefix of its own.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findServerPort, keepServer } from './server-kept.ts'
import { findRedisProgram } from './server-programs.ts'

export interface RedisServer extends AsyncDisposable {
  /** The same after each start. */
  readonly url: string
  /** Resolves when it answers, after it has loaded what it persisted. */
  start(): Promise<void>
  /** SIGTERM, and its end. */
  stop(): Promise<void>
  restart(): Promise<void>
  /** SIGKILL for all its processes at once. */
  kill(): Promise<void>
  /** All its processes hang: connections stay, nothing is answered until `thaw`. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  flushAll(): Promise<void>
}

export type RedisOptions = {
  /** Each write is synced to a file before its answer, and there again after a kill. Default: false. */
  readonly persistence?: boolean
}

export interface Keyspace extends AsyncDisposable {
  readonly url: string
  /** Of every key that the test writes; those are removed at the end. */
  readonly prefix: string
}

/** Why there can be no `startRedis` here, or false. */
export const redisProgramIsMissing = (): string | false => {
  if (process.platform === 'win32') return 'tests start Redis on Linux and macOS only'
  if (findRedisProgram() !== undefined) return false
  return 'Redis is not installed (redis-server or valkey-server, of the packages of these names)'
}

/** Why there can be no `openKeyspace` here, or false. */
export const redisIsMissing = (): string | false => {
  if (givenUrl() !== undefined) return false
  const reason = redisProgramIsMissing()
  return reason && `${reason}; TEST_REDIS_URL may name a running server`
}

const givenUrl = (): string | undefined => process.env.TEST_REDIS_URL?.trim() || undefined

let shared: Promise<string> | undefined

/** A fresh key prefix. Without a server's URL on the one that all tests share. */
export const openKeyspace = async (serverUrl?: string): Promise<Keyspace> => {
  const url = serverUrl ?? (await findShared())
  const prefix = `cart-test-${randomBytes(8).toString('hex')}:`
  return {
    url,
    prefix,
    [Symbol.asyncDispose]: () => ask(url, (redis) => redis.eval(removeKeys, 0, `${prefix}*`)),
  }
}

// Stopped by its keeper when this process ends.
const findShared = (): Promise<string> => {
  shared ??= (async () => givenUrl() ?? (await startRedis()).url)()
  return shared
}

const removeKeys = `
  local cursor = '0'
  repeat
    local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
    cursor = page[1]
    for _, key in ipairs(page[2]) do redis.call('UNLINK', key) end
  until cursor == '0'`

const ask = async (url: string, action: (redis: Redis) => Promise<unknown>): Promise<void> => {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 10_000,
    // After a refused connection the process is kept alive for so long.
    disconnectTimeout: 100,
  })
  // What breaks also fails the call, which is where it is noticed.
  redis.on('error', () => {})
  try {
    await redis.connect()
    await action(redis)
  } finally {
    redis.disconnect()
  }
}

const isReady = async (url: string): Promise<boolean> => {
  try {
    await ask(url, (redis) => redis.ping())
    return true
  } catch {
    // Not listening yet, or still loading; an end is noticed by the caller of launch.
    return false
  }
}

/** A server of one's own, to be stopped, started and killed. */
export const startRedis = async (options: RedisOptions = {}): Promise<RedisServer> => {
  const { persistence = false } = options
  const program = findRedisProgram()
  if (program === undefined) throw new Error(redisProgramIsMissing() || 'no server')
  await using stack = new AsyncDisposableStack()
  const kept = stack.use(await keepServer({ name: 'redis', endSignal: 'SIGTERM' }))
  const port = await findServerPort()
  const password = randomBytes(16).toString('hex')
  const settings = [
    'bind 127.0.0.1',
    `port ${port}`,
    // Without it every user of this machine could have it write files.
    `requirepass ${password}`,
    'save ""',
    `appendonly ${persistence ? 'yes' : 'no'}`,
    'appendfsync always',
  ]
  const file = join(kept.folder, 'redis.conf')
  writeFileSync(file, `${settings.join('\n')}\n`, { mode: 0o600 })
  const url = `redis://:${password}@127.0.0.1:${port}`
  // It writes where it is started: in the folder of its keeper.
  const start = () => kept.launch(program, [file], () => isReady(url))
  const stop = () => kept.signal('SIGTERM')
  await start()
  const resources = stack.move()
  return {
    url,
    start,
    stop,
    restart: async () => {
      await stop()
      await start()
    },
    kill: kept.kill,
    freeze: kept.freeze,
    thaw: kept.thaw,
    flushAll: () => ask(url, (redis) => redis.flushall()),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
