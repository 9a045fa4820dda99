// What the catalog asks of a database that holds it in two tables, `products` and `users`.
import type { Product } from '../../ports/catalog.ts'
import type { ProductRecord } from './product.ts'
import type { User } from './read-source.ts'

export type ProductRow = ProductRecord & { readonly id: string }

/**
 * `when-any`: users are looked at as soon as the table has one, and every user is there before that.
 * `never`: every user is there.
 */
export type UserRule = 'when-any' | 'always' | 'never'

export interface CatalogReader extends AsyncDisposable {
  /** Those that there are, in any order. @throws when the database does not answer. */
  findProducts(ids: readonly string[]): Promise<readonly ProductRow[]>
  hasUser(id: string, rule: Exclude<UserRule, 'never'>): Promise<boolean>
  /** @throws when it cannot answer. */
  check(): Promise<void>
}

export type Table = 'products' | 'users'

export type Counts = {
  readonly added: number
  readonly changed: number
  readonly removed: number
  readonly unchanged: number
}

/** Nothing is in the tables until `apply`, which is one transaction; readers see all of it or nothing. */
export interface CatalogWriter extends AsyncDisposable {
  stageProducts(rows: readonly Product[]): Promise<void>
  stageUsers(rows: readonly User[]): Promise<void>
  /** @param replaced rows of these tables that were not staged are removed. */
  apply(
    tables: readonly Table[],
    replaced: 'kept' | 'removed',
  ): Promise<Readonly<Record<Table, Counts>>>
  /** All rows by id, as of the moment when the first is read. */
  readProducts(): AsyncIterable<readonly ProductRow[]>
  readUsers(): AsyncIterable<readonly User[]>
}
