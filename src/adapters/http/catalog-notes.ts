// What has become of a cart's products since they were added. Only shown: a cart never changes by itself.
import type { Cart, Item, Price } from '../../domain/cart.ts'
import type { Catalog, Product } from '../../ports/catalog.ts'

export type CatalogNote =
  | { readonly status: 'gone' }
  | { readonly status: 'price_changed'; readonly unit_price: Price | null }

/** By item id; empty when all is as it was, or when the catalogue cannot say so at once. */
export type CatalogNotes = ReadonlyMap<string, CatalogNote>

export const noNotes: CatalogNotes = new Map()

export const readNotes = async (catalog: Catalog, { items }: Cart): Promise<CatalogNotes> => {
  if (catalog.name === 'open' || items.length === 0) return noNotes
  const products = await catalog.peekProducts([...new Set(items.map((item) => item.productId))])
  if (products === null) return noNotes
  return new Map(
    items.flatMap((item): [string, CatalogNote][] => {
      const note = noteOn(item, products.get(item.productId))
      return note === null ? [] : [[item.id, note]]
    }),
  )
}

const noteOn = ({ unitPrice }: Item, product: Product | undefined): CatalogNote | null => {
  if (product === undefined) return { status: 'gone' }
  const isSame =
    product.price?.amount === unitPrice?.amount && product.price?.currency === unitPrice?.currency
  return isSame ? null : { status: 'price_changed', unit_price: product.price }
}
