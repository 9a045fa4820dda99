// PostgreSQL for tests: the server of TEST_DATABASE_URL, or one that is started from the programs of this
// machine and gone when the process is. Each test file takes a database of its own.
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { findServerPort, type KeptServer, keepServer } from './server-kept.ts'
import { findPostgresPrograms, findPostgresUser, type PostgresUser } from './server-programs.ts'

export interface PostgresServer extends AsyncDisposable {
  /** Of the database `postgres`, as a superuser; the same after each start. */
  readonly url: string
  /** Where its unix socket is. */
  readonly socketFolder: string
  /** Resolves when it takes connections, after recovery if it was killed. */
  start(): Promise<void>
  /** `fast` (default) ends its connections and writes all down; `immediate` leaves a recovery to the next start. */
  stop(mode?: StopMode): Promise<void>
  restart(mode?: StopMode): Promise<void>
  /** SIGKILL for all its processes at once. */
  kill(): Promise<void>
  /** All its processes hang: connections stay, nothing is answered until `thaw`. */
  freeze(): Promise<void>
  thaw(): Promise<void>
}

export type StopMode = 'fast' | 'immediate'

export interface Database extends AsyncDisposable {
  readonly url: string
}

/** Why there can be no `startPostgres` here, or false. */
export const postgresProgramsAreMissing = (): string | false => {
  if (process.platform === 'win32') return 'tests start PostgreSQL on Linux and macOS only'
  if (findPostgresPrograms() === undefined) {
    return 'PostgreSQL is not installed (initdb and postgres, of the package postgresql)'
  }
  if (findPostgresUser() !== undefined) return false
  return 'PostgreSQL does not run as root, and there is no user postgres or nobody'
}

/** Why there can be no `openDatabase` here, or false. */
export const postgresIsMissing = (): string | false => {
  if (givenUrl() !== undefined) return false
  const reason = postgresProgramsAreMissing()
  return reason && `${reason}; TEST_DATABASE_URL may name a running server`
}

const givenUrl = (): string | undefined => process.env.TEST_DATABASE_URL?.trim() || undefined

let shared: Promise<string> | undefined

/** A fresh database, dropped at the end. Without a server's URL on the one that all tests share. */
export const openDatabase = async (serverUrl?: string): Promise<Database> => {
  const server = serverUrl ?? (await findShared())
  const name = `cart_test_${randomBytes(8).toString('hex')}`
  await query(
    server,
    `create database ${name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`,
  )
  const url = new URL(server)
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      try {
        await query(server, `drop database if exists ${name} with (force)`)
      } catch (error) {
        // A server that the test ended itself has nothing left to drop.
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error
      }
    },
  }
}

// Stopped by its keeper when this process ends.
const findShared = (): Promise<string> => {
  shared ??= (async () => givenUrl() ?? (await startPostgres()).url)()
  return shared
}

const query = async (url: string, sql: string): Promise<void> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 30_000 })
  // A connection that breaks also fails the query, which is where it is noticed.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** A server of one's own, to be stopped, started and killed. Takes a second or two. */
export const startPostgres = async (): Promise<PostgresServer> => {
  const reason = postgresProgramsAreMissing()
  const programs = findPostgresPrograms()
  const user = findPostgresUser()
  if (reason || programs === undefined || user === undefined) throw new Error(reason || 'no server')
  await using stack = new AsyncDisposableStack()
  const kept = stack.use(
    // An immediate shutdown releases the shared memory, which SIGKILL would leave in the system.
    await keepServer({ name: 'postgres', user: user ?? undefined, endSignal: 'SIGQUIT' }),
  )
  const password = await makeCluster(kept, programs.initdb, user)
  const port = await findServerPort()
  const args = ['-D', join(kept.folder, 'data'), ...toSettings(kept.folder, port)]
  let isKilled = false
  const start = async () => {
    await kept.launch(programs.postgres, args, (pid) => isReady(kept.folder, pid))
    isKilled = false
  }
  // Shared memory that a kill left in the system is released by the next start only.
  stack.defer(async () => void (isKilled && (await start())))
  const stop = (mode: StopMode = 'fast') => kept.signal(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
  await start()
  const resources = stack.move()
  return {
    url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
    socketFolder: kept.folder,
    start,
    stop,
    restart: async (mode) => {
      await stop(mode)
      await start()
    },
    kill: async () => {
      await kept.kill()
      isKilled = true
    },
    freeze: kept.freeze,
    thaw: kept.thaw,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Returns the password, without which every user of this machine would be its superuser. */
const makeCluster = async (
  kept: KeptServer,
  initdb: string,
  user: PostgresUser | null,
): Promise<string> => {
  const password = randomBytes(16).toString('hex')
  const file = join(kept.folder, 'password')
  writeFileSync(file, password, { mode: 0o600 })
  if (user !== null) chownSync(file, user.uid, user.gid)
  await kept.run(initdb, [
    ...['--pgdata', join(kept.folder, 'data')],
    ...['--username', 'postgres', '--pwfile', file, '--auth', 'scram-sha-256'],
    // The server itself does sync: tests of durability depend on it. What initdb writes is not precious.
    ...['--no-locale', '--encoding', 'UTF8', '--no-sync'],
  ])
  return password
}

const toSettings = (folder: string, port: number): readonly string[] =>
  [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    'max_connections=200',
    'shared_buffers=32MB',
    'fsync=on',
    'synchronous_commit=on',
  ].flatMap((setting) => ['-c', setting])

/** As pg_ctl does it: the server reports it in the file that holds its process id. */
const isReady = (folder: string, pid: number): boolean => {
  const file = join(folder, 'data', 'postmaster.pid')
  if (!existsSync(file)) return false
  const lines = readFileSync(file, 'utf8').split('\n')
  // One that was killed left its file behind.
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}
