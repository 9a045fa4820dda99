// The same tests over every store that runs in this process, with carts kept in memory and without.
import { describe } from 'node:test'
import {
  type OpenStore,
  openFreshMemoryStore,
  openFreshSqliteStore,
} from '../support/store-folders.ts'

export type Carts = 'warm' | 'cold'

export const overStores = (what: string, tests: (open: OpenStore, carts: Carts) => void): void => {
  for (const [name, open] of [
    ['memory', openFreshMemoryStore],
    ['SQLite', openFreshSqliteStore],
  ] as const) {
    for (const carts of ['warm', 'cold'] as const) {
      describe(`${what}, over the ${name} store with ${carts} carts`, () => tests(open, carts))
    }
  }
}

export const times = <T>(count: number, make: (place: number) => T): T[] =>
  Array.from({ length: count }, (_, place) => make(place))
