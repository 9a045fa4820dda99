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

/** Opens stores on empty databases, which are gone when the tests of this file are over. */
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

interface Emptied extends AsyncDisposable {
  readonly url: string
  empty(): Promise<void>
}

const tables = [
  ...['carts', 'cart_items', 'older_reservations', 'departing'],
  ...['journal', 'answers', 'jobs', 'workers'],
]

const openEmptied = async (): Promise<Emptied> => {
  const database = await openDatabase()
  const client = new Client({ connectionString: database.url })
  await client.connect()
  return {
    url: database.url,
    // Not truncated: that is a new file for each table and each index.
    empty: async () => {
      await client.query(tables.map((table) => `delete from ${table}`).join('; '))
    },
    [Symbol.asyncDispose]: async () => {
      await client.end()
      await database[Symbol.asyncDispose]()
    },
  }
}
