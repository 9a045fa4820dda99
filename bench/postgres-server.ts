// A PostgreSQL of the benchmark's own, on the disk, gone when the benchmark is.
import { randomBytes } from 'node:crypto'
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { findServerPort, type KeptServer, keepServer } from '../test/support/server-kept.ts'
import {
  findPostgresPrograms,
  findPostgresUser,
  type PostgresUser,
} from '../test/support/server-programs.ts'
import { assertOnDisk, cpuMsOf } from './processes.ts'

export type PostgresServer = AsyncDisposable & {
  /** Where the program pgbench of the same version is. */
  readonly pgbench: string
  readonly version: string
  urlOf(database: string): string
  /** Rows as objects. Statements are committed each for itself. */
  query(database: string, sql: string): Promise<readonly DatabaseRow[]>
  /** Time on a core since the start, of all its processes, also of those that ended. */
  readCpuMs(): number
}

export type DatabaseRow = Readonly<Record<string, string | number | boolean | null>>

// A checkpoint makes all writes after it longer, so none comes while we measure. The memory is a
// twelfth of the machine on which figures were published.
const settings = {
  listen_addresses: '127.0.0.1',
  max_connections: '300',
  shared_buffers: '2GB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_wal_size: '64GB',
  checkpoint_timeout: '1d',
}

export const startPostgresServer = async (): Promise<PostgresServer> => {
  const programs = findPostgresPrograms()
  const user = findPostgresUser()
  if (programs === undefined || user === undefined) {
    throw new Error('PostgreSQL is not installed, or there is no user to run it as')
  }
  await using stack = new AsyncDisposableStack()
  const kept = stack.use(
    await keepServer({ name: 'bench-postgres', user: user ?? undefined, endSignal: 'SIGQUIT' }),
  )
  assertOnDisk(kept.folder, 'set TMPDIR to a folder on a disk')
  const pgbench = findPgbench(programs.postgres)
  const password = await makeCluster(kept, programs.initdb, user)
  const port = await findServerPort()
  const all = { ...settings, port, unix_socket_directories: kept.folder }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const data = join(kept.folder, 'data')
  let pid = 0
  await kept.launch(programs.postgres, ['-D', data, ...args], (started) => {
    pid = started
    return isReady(data, started)
  })
  const urlOf = (database: string) =>
    `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`
  const [row] = await queryAt(urlOf('postgres'), 'show server_version')
  const letGo = stack.move()
  return {
    pgbench,
    version: String(row?.server_version),
    urlOf,
    query: (database, sql) => queryAt(urlOf(database), sql),
    readCpuMs: () => readTreeMs(pid),
    [Symbol.asyncDispose]: () => letGo.disposeAsync(),
  }
}

/** Beside the server itself, also where a link in the PATH leads to it. */
const findPgbench = (postgres: string): string => {
  const path = join(dirname(realpathSync(postgres)), 'pgbench')
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch {
    throw new Error(`pgbench is not beside PostgreSQL: there is no program ${path}`)
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
    ...['--pgdata', join(kept.folder, 'data'), '--username', 'postgres', '--pwfile', file],
    ...['--auth', 'scram-sha-256', '--no-locale', '--encoding', 'UTF8'],
  ])
  return password
}

/** As pg_ctl does it: the server says so in the file that holds its process id. */
const isReady = (data: string, pid: number): boolean => {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return false
  const lines = readFileSync(file, 'utf8').split('\n')
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}

const queryAt = async (url: string, sql: string): Promise<readonly DatabaseRow[]> => {
  const client = new Client({ connectionString: url })
  // A connection that breaks also fails the query, which is where it is noticed.
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<DatabaseRow>(sql)).rows
  } finally {
    await client.end()
  }
}

const readTreeMs = (pid: number): number => {
  const own = statOf(pid)
  if (own === null) return 0
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? [])
    .filter(({ parent }) => parent === pid)
  return children.reduce((sum, { ms }) => sum + ms, own.ms + own.endedMs)
}

const statOf = (pid: number) => {
  try {
    return cpuMsOf(`/proc/${pid}/stat`)
  } catch {
    // It ended since the folder was read.
    return null
  }
}
