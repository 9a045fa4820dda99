// What has become of a cart's products since they were added. Only shown: a cart never changes by itself.
import type { Item, Price } from '../../domain/cart/item.ts'
import type { ItemId } from '../../domain/ids.ts'
import type { Catalog, Product } from '../../ports/catalog.ts'

export type CatalogNote =
  | { readonly kind: 'gone' }
  | { readonly kind: 'price-changed'; readonly unitPrice: Price | null }

/** By item; empty when all is as it was, or when the catalog cannot say so at once. */
export type CatalogNotes = ReadonlyMap<ItemId, CatalogNote>

export const noNotes: CatalogNotes = new Map()

export type ReadCatalogNotes = (items: readonly Item[]) => Promise<CatalogNotes>

/** Null where there is no catalog to ask. */
export const readCatalogNotes = (catalog: Catalog): ReadCatalogNotes | null =>
  catalog.name === 'open' ? null : (items) => readNotes(catalog, items)

const readNotes = async (catalog: Catalog, items: readonly Item[]): Promise<CatalogNotes> => {
  if (items.length === 0) return noNotes
  const products = await catalog.peekProducts([...new Set(items.map((item) => item.productId))])
  if (products === null) return noNotes
  return new Map(
    items.flatMap((item): [ItemId, CatalogNote][] => {
      const note = noteOn(item, products.get(item.productId))
      return note === null ? [] : [[item.id, note]]
    }),
  )
}

const noteOn = ({ unitPrice }: Item, product: Product | undefined): CatalogNote | null => {
  if (product === undefined) return { kind: 'gone' }
  const isSame =
    product.price?.amount === unitPrice?.amount && product.price?.currency === unitPrice?.currency
  return isSame ? null : { kind: 'price-changed', unitPrice: product.price }
}
