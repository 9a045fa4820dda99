// Opens the store that the settings name. Each is loaded only then: the embedded service starts without the
// driver of PostgreSQL.
import type { Store } from '../../ports/store.ts'

export type StoreOptions = {
  readonly database:
    | { readonly kind: 'sqlite'; readonly path: string }
    | { readonly kind: 'memory' }
    | { readonly kind: 'postgres'; readonly url: string }
  /** To PostgreSQL. */
  readonly connections: number
  readonly statements: 'named' | 'unnamed'
  readonly migrate: 'on' | 'off'
  /** Jobs may be due that another process made. */
  readonly onJobs: () => void
  /** The database cannot be used yet; it is tried again. */
  readonly onTrouble: (error: unknown) => void
  /** The store failed for good: nothing is answered from then on; what was acknowledged is on disk. */
  readonly onLost: (error: Error) => void
}

/** @throws Error that says what to do, when the database cannot be used. */
export const openStore = async ({ database, ...options }: StoreOptions): Promise<Store> => {
  switch (database.kind) {
    case 'memory': {
      const { openMemoryStore } = await import('./memory/open.ts')
      return openMemoryStore()
    }
    case 'sqlite': {
      const { openSqliteStore } = await import('./sqlite/open.ts')
      return openSqliteStore(database.path, options.onLost)
    }
    case 'postgres': {
      const { openPostgresStore } = await import('./postgres/open.ts')
      return openPostgresStore({ ...options, url: database.url })
    }
    default:
      return database satisfies never
  }
}
