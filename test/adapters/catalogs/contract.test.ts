// Every catalog that keeps products passes the contract; the catalog of any product passes what applies to it.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openAnyProductCatalog } from '../../../src/adapters/catalogs/any-product.ts'
import { openFileCatalog } from '../../../src/adapters/catalogs/file.ts'
import { catalogContract } from '../../contracts/catalog.ts'
import { postgresIsMissing } from '../../support/server-postgres.ts'
import { contentsAsJson, withFolder, writeContents } from './folders.ts'
import { openContentsOverHttp } from './product-server.ts'
import { openContentsInPostgres, openContentsInSqlite } from './tables.ts'

const settings = {
  currency: 'USD',
  onTrouble: (error: Error) => {
    throw error
  },
}

catalogContract(
  'file (CSV)',
  () => withFolder((folder) => openFileCatalog({ ...settings, ...writeContents(folder) })),
  { users: 'kept' },
)

catalogContract(
  'file (JSON)',
  () =>
    withFolder((folder) => {
      const path = join(folder, 'products.json')
      writeFileSync(path, contentsAsJson())
      return openFileCatalog({ ...settings, path, usersPath: null })
    }),
  { users: 'any' },
)

catalogContract('SQLite', openContentsInSqlite, { users: 'kept' })

catalogContract('PostgreSQL', openContentsInPostgres, {
  users: 'kept',
  skip: postgresIsMissing(),
})

catalogContract('HTTP', openContentsOverHttp, { users: 'any' })

test('without a catalog every product exists, without name and price, and every user exists', async () => {
  await using catalog = openAnyProductCatalog()
  await catalog.check()
  const ids = ['lamp', '..', '漢字 ☕']
  const found = await catalog.findProducts(ids)
  assert.deepEqual([...found.keys()], ids)
  assert.deepEqual(found.get('lamp'), { id: 'lamp', name: null, price: null })
  assert.deepEqual(await catalog.peekProducts(ids), found)
  assert.equal((await catalog.findProducts([])).size, 0)
  assert.equal(await catalog.hasUser('anybody'), true)
})
