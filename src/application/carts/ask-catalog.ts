// Asks the catalog about what a command adds. Its answer goes into the command, so that deciding asks no
// one, and a repeated request gets its stored answer whatever has become of the product.
import type { AddItem, Intent, Operation, Sold } from '../../domain/cart/commands.ts'
import { CartError } from '../../domain/errors.ts'
import type { Catalog } from '../../ports/catalog.ts'

export const askCatalog = async (
  catalog: Catalog,
  userId: string,
  intent: Intent,
): Promise<Intent> => {
  const ids = new Set(additionsIn(intent).map(({ productId }) => productId))
  if (ids.size === 0) return intent
  const soldOf = await askFor(catalog, userId, [...ids])
  const complete = (operation: Operation): Operation =>
    operation.type === 'add-item' ? { ...operation, sold: soldOf(operation.productId) } : operation
  if (intent.type === 'run-operations') {
    return { ...intent, operations: intent.operations.map(complete) }
  }
  return intent.type === 'add-item' ? complete(intent) : intent
}

const additionsIn = (intent: Intent): readonly AddItem[] => {
  if (intent.type === 'run-operations') {
    return intent.operations.filter((o) => o.type === 'add-item')
  }
  return intent.type === 'add-item' ? [intent] : []
}

const askFor = async (
  catalog: Catalog,
  userId: string,
  ids: readonly string[],
): Promise<(id: string) => Sold> => {
  try {
    const [isUser, products] = await Promise.all([
      catalog.hasUser(userId),
      catalog.findProducts(ids),
    ])
    if (!isUser) return () => notSold('user-not-found', `There is no user ${userId}.`)
    return (id) => {
      const product = products.get(id)
      if (product === undefined) return notSold('product-not-found', `There is no product ${id}.`)
      return { kind: 'yes', name: product.name, price: product.price }
    }
  } catch (error) {
    if (!(error instanceof CartError) || error.code !== 'catalog-unavailable') throw error
    return () => notSold('catalog-unavailable', 'The catalog did not answer; try again.')
  }
}

const notSold = (code: Extract<Sold, { kind: 'no' }>['code'], reason: string): Sold => ({
  kind: 'no',
  code,
  reason,
})
