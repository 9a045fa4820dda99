// PostgreSQL stores for tests. A database is made once for as many stores as are open at a time, and emptied
// before the next store gets it: to make one takes a hundred times as long.
import { after } from 'node:test'
import { Client } from 'pg'
import { openPostgresStore, type PostgresOptions } from '../../src/adapters/stores/postgres/open.ts'
import { openDatabase } from './server-postgres.ts'
import type { OpenStore } from './store-folders.ts'

const plain = {
  connections: 10,
  statements: 'named',
  migrate: 'on',
  onJobs: () => {},
  onTrouble: () => {},
} as const

export const openStoreOf = (url: string, differently: Partial<PostgresOptions> = {}) =>
  openPostgresStore({ ...plain, url, ...differently })

/** Opens stores on empty databases, which are dropped when the tests of this file are over. */
export const keepDatabases = (differently: Partial<PostgresOptions> = {}): OpenStore => {
  const all: AsyncDisposable[] = []
  const free: Emptied[] = []
  after(async () => {
    for (const each of all) await each[Symbol.asyncDispose]()
  })
  return async () => {
    let database = free.pop()
    if (database === undefined) {
      database = await openEmptied()
      all.push(database)
    }
    const { url, empty } = database
    const store = await openStoreOf(url, differently)
    return {
      ...store,
      [Symbol.asyncDispose]: async () => {
        await store[Symbol.asyncDispose]()
        await empty()
        free.push(database)
      },
    }
  }
}

export interface Session extends AsyncDisposable {
  /** Rows as lists of values. */
  ask(sql: string, values?: readonly unknown[]): Promise<readonly (readonly unknown[])[]>
}

/** Another session of the database, as with psql. */
export const openSession = async (url: string): Promise<Session> => {
  const client = new Client({ connectionString: url })
  // A connection that breaks also fails the statement, which is where it is noticed.
  client.on('error', () => {})
  await client.connect()
  return {
    ask: async (text, values = []) => {
      const config = { text, values: [...values], rowMode: 'array' as const }
      return (await client.query<unknown[]>(config)).rows
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** How many sessions of the database wait for a lock. */
export const countWaiting = async (session: Session): Promise<number> => {
  // A transaction sees what it saw at its first look.
  await session.ask('select pg_stat_clear_snapshot()')
  const [row] = await session.ask(`select count(*)::integer from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`)
  return row?.[0] as number
}

interface Emptied extends AsyncDisposable {
  readonly url: string
  empty(): Promise<void>
}

const tables = [
  ...['carts', 'cart_items', 'older_reservations', 'departing'],
  ...['journal', 'answers', 'jobs', 'workers'],
]
// In one statement, for one round trip.
const emptied = `with ${tables.map((table) => `${table}_gone as (delete from ${table})`).join(', ')} select`

const openEmptied = async (): Promise<Emptied> => {
  const database = await openDatabase()
  const session = await openSession(database.url)
  return {
    url: database.url,
    // Not truncated: that is a new file for each table and each index.
    empty: async () => {
      await session.ask(emptied)
    },
    [Symbol.asyncDispose]: async () => {
      await session[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}
