// What is sold, and to which users. Prices come from here only, never from a shopper.
import type { Price } from '../domain/cart/item.ts'

export type Product = {
  readonly id: string
  readonly name: string | null
  readonly price: Price | null
}

/** Closed before the store, whose database it may read. Ids are compared as bytes. */
export interface Catalog extends AsyncDisposable {
  /** What stands in /ready and in the logs. */
  readonly name: 'open' | 'file' | 'database' | 'http'
  /**
   * Those of the products that there are, by id, within a few seconds. A price may be as old as the
   * catalog says that it keeps one.
   * @throws CartError catalog-unavailable, when it cannot be known whether all of them are there.
   */
  findProducts(ids: readonly string[]): Promise<ReadonlyMap<string, Product>>
  /**
   * For reading carts: those that there are, or null when that is not known of all of them within
   * half a second. What is not known may be asked for meanwhile, for the next reader. Never throws.
   */
  peekProducts(ids: readonly string[]): Promise<ReadonlyMap<string, Product> | null>
  /** True as well where users are not kept. @throws CartError catalog-unavailable. */
  hasUser(id: string): Promise<boolean>
  /** Resolves when it can answer. @throws when it cannot, saying why. */
  check(): Promise<void>
}
