// Catalogs for tests, with the contents of the contract or others.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toCsvLine } from '../../../src/adapters/catalogs/csv.ts'
import { toDecimal } from '../../../src/adapters/catalogs/price.ts'
import type { Catalog } from '../../../src/ports/catalog.ts'
import { contents } from '../../contracts/catalog.ts'

export const openFolder = (): Disposable & { readonly path: string } => {
  const path = mkdtempSync(join(tmpdir(), 'catalog-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** The folder is deleted with the catalog. */
export const withFolder = async (open: (folder: string) => Promise<Catalog>): Promise<Catalog> => {
  const folder = openFolder()
  const catalog = await open(folder.path)
  return {
    ...catalog,
    [Symbol.asyncDispose]: async () => {
      await catalog[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

export const contentsAsCsv = (): string =>
  toCsvLine(['id', 'name', 'price', 'currency']) +
  contents.products
    .map(({ id, name, price }) =>
      toCsvLine([id, name, price && toDecimal(price), price?.currency ?? null]),
    )
    .join('')

export const contentsAsJson = (): string =>
  JSON.stringify(
    contents.products.map(({ id, name, price }) => ({
      id,
      name,
      price: price && Number(toDecimal(price)),
      currency: price?.currency,
    })),
    null,
    2,
  )

export const usersAsCsv = (): string => ['id', ...contents.users].map((id) => `${id}\n`).join('')

export const writeContents = (folder: string) => {
  const [path, usersPath] = [join(folder, 'products.csv'), join(folder, 'users.csv')]
  writeFileSync(path, contentsAsCsv())
  writeFileSync(usersPath, usersAsCsv())
  return { path, usersPath }
}
