// The tables of the catalog in databases of their own, filled by the import.
import { join } from 'node:path'
import {
  type DatabaseCatalogOptions,
  openDatabaseCatalog,
} from '../../../src/adapters/catalogs/database.ts'
import { openPostgresWriter } from '../../../src/adapters/catalogs/postgres.ts'
import { openSqliteWriter } from '../../../src/adapters/catalogs/sqlite.ts'
import type { CatalogWriter } from '../../../src/adapters/catalogs/tables.ts'
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open.ts'
import type { Catalog } from '../../../src/ports/catalog.ts'
import { contents } from '../../contracts/catalog.ts'
import { openDatabase } from '../../support/server-postgres.ts'
import { openFolder } from './folders.ts'

export interface OpenedCatalog extends Catalog {
  readonly troubles: readonly string[]
}

export const openCatalogIn = async (
  database: DatabaseCatalogOptions['database'],
  differently: Partial<DatabaseCatalogOptions> = {},
): Promise<OpenedCatalog> => {
  const troubles: string[] = []
  const catalog = await openDatabaseCatalog({
    database,
    userRule: 'when-any',
    currency: 'USD',
    onTrouble: ({ message }) => void troubles.push(message),
    ...differently,
  })
  return Object.assign(catalog, { troubles })
}

/** A store's file, as the service leaves it. */
export const makeStoreFile = async (folder: string): Promise<string> => {
  const path = join(folder, 'cart.db')
  await using _store = await openSqliteStore(path)
  return path
}

const importContents = async (writer: CatalogWriter): Promise<void> => {
  await writer.stageProducts(contents.products)
  await writer.stageUsers(contents.users.map((id) => ({ id })))
  await writer.apply(['products', 'users'], 'kept')
}

export const openContentsInSqlite = async (): Promise<Catalog> => {
  const folder = openFolder()
  const path = await makeStoreFile(folder.path)
  {
    await using writer = await openSqliteWriter(path)
    await importContents(writer)
  }
  const catalog = await openCatalogIn({ kind: 'sqlite', path })
  return {
    ...catalog,
    [Symbol.asyncDispose]: async () => {
      await catalog[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

export const openContentsInPostgres = async (): Promise<Catalog> => {
  const { url, ...database } = await openDatabase()
  {
    await using writer = await openPostgresWriter(url)
    await importContents(writer)
  }
  const catalog = await openCatalogIn({ kind: 'postgres', url })
  return {
    ...catalog,
    [Symbol.asyncDispose]: async () => {
      await catalog[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}
