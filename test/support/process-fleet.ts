// Installations of one process or many: over which store and which queue, and in which roles. The servers are
// of this file's own, so that they can be killed; each fleet has a database and keys of its own.
import { openPostgresStore } from '../../src/adapters/stores/postgres/open.ts'
import type { Store } from '../../src/ports/store.ts'
import { openSqliteCopy } from './process-books.ts'
import { until } from './process-program.ts'
import { databaseOf, type Installation, openInstallation } from './process-service.ts'
import { openSql } from './process-sql.ts'
import { findServerPort } from './server-kept.ts'
import {
  type Database,
  openDatabase,
  type PostgresServer,
  postgresProgramsAreMissing,
  startPostgres,
} from './server-postgres.ts'
import {
  type Keyspace,
  openKeyspace,
  type RedisServer,
  redisProgramIsMissing,
  startRedis,
} from './server-redis.ts'

export type Layout = 'embedded' | 'postgres' | 'postgres+redis'

export type Role = 'all' | 'api' | 'worker'

export type FleetSettings = {
  readonly layout: Layout
  /** One process each; embedded there is only one. */
  readonly roles: readonly Role[]
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  /** The folder of another build of the service. */
  readonly build?: string
}

export interface Fleet extends AsyncDisposable {
  readonly members: readonly Installation[]
  /** Those that answer requests. */
  readonly apis: readonly Installation[]
  /** Those that call the reservation service. */
  readonly workers: readonly Installation[]
  /** Of the first that answers requests. */
  readonly url: string
  /** Of any that answers requests. */
  drawUrl(): string
  readonly postgres: PostgresServer | null
  readonly redis: RedisServer | null
  /** Of the database; a file has none. */
  readonly databaseUrl: string
  /** `kill -9` for all processes at once, and until the database has forgotten them. */
  killAll(): Promise<void>
  restartAll(): Promise<void>
  /** What is in the database, while no process uses it. */
  openStore(): Promise<Store>
}

/** Why a layout cannot be had here, or false. */
export const isMissing = (layout: Layout): string | false => {
  if (layout === 'embedded') return false
  const reason = postgresProgramsAreMissing()
  return reason || (layout === 'postgres+redis' && redisProgramIsMissing())
}

// Stopped by their keepers when this process ends.
let postgres: Promise<PostgresServer> | undefined
let redis: Promise<RedisServer> | undefined

type Servers = AsyncDisposable & {
  readonly postgres: PostgresServer | null
  readonly redis: RedisServer | null
  readonly database: Database | null
  readonly env: Readonly<Record<string, string>>
}

const openServers = async (layout: Layout): Promise<Servers> => {
  await using stack = new AsyncDisposableStack()
  if (layout === 'embedded') {
    return { postgres: null, redis: null, database: null, env: {}, ...toDisposable(stack.move()) }
  }
  postgres ??= startPostgres()
  const database = stack.use(await openDatabase((await postgres).url))
  let keyspace: Keyspace | null = null
  if (layout === 'postgres+redis') {
    redis ??= startRedis()
    keyspace = stack.use(await openKeyspace((await redis).url))
  }
  return {
    postgres: await postgres,
    redis: keyspace === null ? null : ((await redis) ?? null),
    database,
    env: {
      DATABASE_URL: database.url,
      ...(keyspace !== null && { REDIS_URL: keyspace.url, REDIS_PREFIX: keyspace.prefix }),
    },
    ...toDisposable(stack.move()),
  }
}

const toDisposable = (stack: AsyncDisposableStack): AsyncDisposable => ({
  [Symbol.asyncDispose]: () => stack.disposeAsync(),
})

export const openFleet = async (settings: FleetSettings): Promise<Fleet> => {
  const { layout, roles, folder, build } = settings
  await using stack = new AsyncDisposableStack()
  const servers = stack.use(await openServers(layout))
  const databaseUrl = servers.database?.url ?? ''
  const open = async (role: Role) => {
    // A port that no other program is given while the process is down.
    const port = String(await findServerPort())
    const env = { ...servers.env, ...settings.env, ROLE: role, APP_PORT: port }
    const member = await openInstallation({ folder, env, ...(build !== undefined && { build }) })
    return { role, member: stack.use(member) }
  }
  const opened = await Promise.all(roles.map(open))
  const members = opened.map(({ member }) => member)
  const apis = opened.flatMap(({ role, member }) => (role === 'worker' ? [] : [member]))
  const workers = opened.flatMap(({ role, member }) => (role === 'api' ? [] : [member]))
  const drawUrl = () => apis[Math.floor(Math.random() * apis.length)]?.url ?? ''
  return {
    members,
    apis,
    workers,
    url: apis[0]?.url ?? '',
    drawUrl,
    postgres: servers.postgres,
    redis: servers.redis,
    databaseUrl,
    killAll: async () => {
      await Promise.all(members.map(({ service }) => service.kill()))
      if (layout !== 'embedded') await untilUnused(databaseUrl)
    },
    restartAll: async () => void (await Promise.all(members.map((member) => member.restart()))),
    openStore: () =>
      layout === 'embedded' ? openSqliteCopy(databaseOf(folder)) : openToLook(databaseUrl),
    ...toDisposable(stack.move()),
  }
}

const openToLook = (url: string): Promise<Store> =>
  openPostgresStore({
    url,
    connections: 4,
    statements: 'named',
    migrate: 'off',
    onJobs: () => {},
    onTrouble: () => {},
  })

/** A statement runs on for a while after the process that sent it has ended. */
const untilUnused = async (url: string): Promise<void> => {
  await using sql = await openSql(url)
  const others = `select 1 from pg_stat_activity
    where datname = current_database() and application_name = 'cart-service'`
  await until('no process uses the database', async () => (await sql.query(others)).length === 0)
}
