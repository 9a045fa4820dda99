// Asks the catalogue about what a command adds. Its word goes into the command, so that deciding asks nobody,
// and a repeated request gets its stored answer whatever has become of the product.
import type { AddItem, Operation, Sold } from '../domain/commands.ts'
import { CartError } from '../domain/errors.ts'
import type { Catalog } from '../ports/catalog.ts'

type Intent =
  | AddItem
  | { readonly type: 'run-operations'; readonly operations: readonly Operation[] }
  | { readonly type: string }

export const askCatalog = async <T extends Intent>(
  catalog: Catalog,
  userId: string,
  intent: T,
): Promise<T> => {
  const ids = new Set(additionsIn(intent).map(({ productId }) => productId))
  if (ids.size === 0) return intent
  const word = await wordOn(catalog, userId, [...ids])
  const withWord = (operation: Operation): Operation =>
    operation.type === 'add-item' ? { ...operation, sold: word(operation.productId) } : operation
  if ('operations' in intent) return { ...intent, operations: intent.operations.map(withWord) }
  return withWord(intent as AddItem) as T
}

const additionsIn = (intent: Intent): readonly AddItem[] => {
  if ('operations' in intent) return intent.operations.filter((o) => o.type === 'add-item')
  return intent.type === 'add-item' ? [intent as AddItem] : []
}

const wordOn = async (
  catalog: Catalog,
  userId: string,
  ids: readonly string[],
): Promise<(id: string) => Sold> => {
  try {
    const [isUser, products] = await Promise.all([
      catalog.hasUser(userId),
      catalog.findProducts(ids),
    ])
    if (!isUser) return () => refused('user-not-found', `There is no user ${userId}.`)
    return (id) => {
      const product = products.get(id)
      if (product === undefined) return refused('product-not-found', `There is no product ${id}.`)
      return { kind: 'yes', name: product.name, price: product.price }
    }
  } catch (error) {
    if (!(error instanceof CartError) || error.code !== 'catalog-unavailable') throw error
    return () => refused('catalog-unavailable', 'The catalogue did not answer; try again.')
  }
}

const refused = (code: Extract<Sold, { kind: 'no' }>['code'], reason: string): Sold => ({
  kind: 'no',
  code,
  reason,
})
