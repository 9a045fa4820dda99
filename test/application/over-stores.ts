// The same tests over every store, with carts kept in memory and without.
import { describe } from 'node:test'
import { postgresIsMissing } from '../support/server-postgres.ts'
import { keepDatabases } from '../support/store-databases.ts'
import {
  type OpenStore,
  openFreshMemoryStore,
  openFreshSqliteStore,
} from '../support/store-folders.ts'

const openFreshPostgresStore = keepDatabases()

export type Carts = 'warm' | 'cold'

export const overStores = (what: string, tests: (open: OpenStore, carts: Carts) => void): void => {
  for (const [name, open, skip] of [
    ['memory', openFreshMemoryStore, false],
    ['SQLite', openFreshSqliteStore, false],
    ['PostgreSQL', openFreshPostgresStore, postgresIsMissing()],
  ] as const) {
    for (const carts of ['warm', 'cold'] as const) {
      const about = `${what}, over the ${name} store with ${carts} carts`
      describe(about, { skip }, () => tests(open, carts))
    }
  }
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
