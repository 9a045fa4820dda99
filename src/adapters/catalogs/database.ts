// The catalog from two tables of the store's own database, where people and the program `catalog` keep it.
import { withinTimeOr } from '../../platform/time-limit.ts'
import type { Catalog, Product } from '../../ports/catalog.ts'
import { keepLatest } from './latest.ts'
import { assertCurrency } from './price.ts'
import { toProduct } from './product.ts'
import type { CatalogReader, ProductRow, UserRule } from './tables.ts'
import { unavailable } from './unavailable.ts'

export type DatabaseCatalogOptions = {
  readonly database:
    | { readonly kind: 'sqlite'; readonly path: string }
    | { readonly kind: 'postgres'; readonly url: string }
  readonly userRule: UserRule
  /** Of prices that name none. */
  readonly currency: string
  /** A row cannot be read, reported once, or the database cannot be used at the start. */
  readonly onTrouble: (error: Error) => void
  /** To PostgreSQL. */
  readonly connections?: number
  readonly statements?: 'named' | 'unnamed'
  readonly timeoutMs?: number
  /** For how long an answer may be used again. */
  readonly keepMs?: number
}

// A cart that is read does not wait for its prices as long as one that is written.
const peekWithinMs = 500
const entriesMax = 10_000
// A look into the file takes some 10 µs; a round trip to a server is worth saving.
const usualKeepMs = { sqlite: 0, postgres: 1_000 } as const

/**
 * SQLite: the store has opened the file before, and is closed after this.
 * PostgreSQL: a server that is unavailable is waited for; until then nothing is known.
 * @throws Error when the SQLite file cannot serve.
 */
export const openDatabaseCatalog = async (options: DatabaseCatalogOptions): Promise<Catalog> => {
  const { database, userRule, currency, onTrouble } = options
  const { keepMs = usualKeepMs[database.kind] } = options
  assertCurrency(currency)
  const reader = await openReader(options)
  const products = keepLatest<Product | null>(entriesMax)
  const users = keepLatest<boolean>(entriesMax)
  const isFresh = (at: number) => performance.now() - at < keepMs
  const read = readRows(currency, onTrouble)

  const ask = async (ids: readonly string[]): Promise<ReadonlyMap<string, Product>> => {
    if (ids.length === 0) return new Map()
    const rows = await orUnavailable(() => reader.findProducts(ids))
    const found = new Map(rows.map((row) => [row.id, read(row)]))
    if (keepMs > 0) for (const id of ids) products.set(id, found.get(id) ?? null)
    return found
  }

  const findProducts = async (ids: readonly string[]) => {
    const kept = new Map(ids.map((id) => [id, products.get(id)]))
    const asked = await ask(ids.filter((id) => !isFresh(kept.get(id)?.at ?? -Infinity)))
    const found = new Map<string, Product>()
    for (const id of ids) {
      const entry = kept.get(id)
      const product =
        asked.get(id) ?? (entry !== undefined && isFresh(entry.at) ? entry.value : null)
      if (product !== null) found.set(id, product)
    }
    return found
  }

  return {
    name: 'database',
    findProducts,
    peekProducts: (ids) => withinTimeOr(peekWithinMs, findProducts(ids), null),
    hasUser: async (id) => {
      if (userRule === 'never') return true
      const kept = users.get(id)
      if (kept !== undefined && isFresh(kept.at)) return kept.value
      const isThere = await orUnavailable(() => reader.hasUser(id, userRule))
      if (keepMs > 0) users.set(id, isThere)
      return isThere
    },
    check: () => reader.check(),
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  }
}

const openReader = async (options: DatabaseCatalogOptions): Promise<CatalogReader> => {
  const { database, connections = 2, statements = 'named', timeoutMs = 2_000 } = options
  // Loaded only when used: no service starts with both drivers.
  if (database.kind === 'sqlite') {
    const { openSqliteReader } = await import('./sqlite.ts')
    return openSqliteReader(database.path)
  }
  const { openPostgresReader } = await import('./postgres.ts')
  const reader = openPostgresReader({ url: database.url, connections, statements, timeoutMs })
  await reader.check().catch(options.onTrouble)
  return reader
}

/** People write into these tables: a row that cannot be read is a product without name and price. */
const readRows = (currency: string, onTrouble: (error: Error) => void) => {
  const reported = keepLatest<string>(1_000)
  return (row: ProductRow): Product => {
    try {
      return toProduct(row, currency)
    } catch (error) {
      const reason = `the product "${row.id}" cannot be read: ${(error as Error).message}`
      if (reported.get(row.id)?.value !== reason) onTrouble(new Error(reason))
      reported.set(row.id, reason)
      return { id: row.id, name: null, price: null }
    }
  }
}

const orUnavailable = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw unavailable(error)
  }
}
