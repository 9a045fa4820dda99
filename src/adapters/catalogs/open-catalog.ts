// Opens the catalog that the settings name. Each is loaded only then.
import type { Catalog } from '../../ports/catalog.ts'

export type CatalogOptions = {
  readonly source:
    | { readonly kind: 'open' }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'database' }
    | { readonly kind: 'http'; readonly url: URL }
  /** The database of the store, which has been opened before. */
  readonly database:
    | { readonly kind: 'sqlite'; readonly path: string }
    | { readonly kind: 'postgres'; readonly url: string }
    | { readonly kind: 'memory' }
  readonly statements: 'named' | 'unnamed'
  /** Of prices that name none. */
  readonly currency: string
  /** With a file: a file of users; null: every user is there. */
  readonly usersPath: string | null
  readonly onTrouble: (error: Error) => void
}

/** @throws Error that says what to do, when the catalog cannot be used. */
export const openCatalog = async (options: CatalogOptions): Promise<Catalog> => {
  const { source, database, statements, currency, usersPath, onTrouble } = options
  switch (source.kind) {
    case 'open': {
      const { openAnyProductCatalog } = await import('./any-product.ts')
      return openAnyProductCatalog()
    }
    case 'file': {
      const { openFileCatalog } = await import('./file.ts')
      return openFileCatalog({ path: source.path, usersPath, currency, onTrouble })
    }
    case 'database': {
      // readConfig refuses a catalog in memory.
      if (database.kind === 'memory') throw new Error('CATALOG_URL=database: needs a database')
      const { openDatabaseCatalog } = await import('./database.ts')
      const userRule = 'when-any'
      return openDatabaseCatalog({ database, userRule, currency, onTrouble, statements })
    }
    case 'http': {
      const { openHttpCatalog } = await import('./http.ts')
      return openHttpCatalog({ url: source.url, currency, onTrouble })
    }
    default:
      return source satisfies never
  }
}
