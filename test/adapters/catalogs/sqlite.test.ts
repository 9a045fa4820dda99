// The catalog in the file of the SQLite store: its tables, which people may write to, beside an open store.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openSqliteWriter } from '../../../src/adapters/catalogs/sqlite.ts'
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open.ts'
import { openFolder } from './folders.ts'
import { makeStoreFile, openCatalogIn } from './tables.ts'

const writeSql = (path: string, sql: string): void => {
  using database = new DatabaseSync(path)
  database.exec(sql)
}

test('rows that people write with SQL are found at once', async () => {
  using folder = openFolder()
  const path = await makeStoreFile(folder.path)
  await using catalog = await openCatalogIn({ kind: 'sqlite', path })
  assert.equal((await catalog.findProducts(['lamp'])).size, 0)
  writeSql(
    path,
    `insert into products values ('lamp', 'Lamp', '12.99', 'EUR'), ('tea', null, 1.15, null),
       ('rice', 'Rice', 1e2, 'JPY'), ('gift', 'Gift', null, 'EUR');
     insert into products (id) values ('mug')`,
  )
  const found = await catalog.findProducts(['lamp', 'tea', 'rice', 'gift', 'mug'])
  assert.deepEqual(
    [...found.values()].map(({ id, price }) => [id, price?.amount, price?.currency]).sort(),
    [
      ['gift', undefined, undefined],
      ['lamp', 1_299, 'EUR'],
      ['mug', undefined, undefined],
      ['rice', 100, 'JPY'],
      ['tea', 115, 'USD'],
    ],
  )
})

test('the tables refuse an invalid price or currency and a missing id', async () => {
  using folder = openFolder()
  const path = await makeStoreFile(folder.path)
  await using _catalog = await openCatalogIn({ kind: 'sqlite', path })
  for (const row of [
    `'a', null, '-1', null`,
    `'a', null, 'free', null`,
    `'a', null, '', null`,
    `'a', null, '1,5', null`,
    `'a', null, null, 'eur'`,
    `null, null, null, null`,
  ]) {
    assert.throws(() => writeSql(path, `insert into products values (${row})`), /constraint/, row)
  }
})

test('the tables of reference 002 are read as they are, floating-point prices to the cent', async () => {
  using folder = openFolder()
  const path = await makeStoreFile(folder.path)
  writeSql(
    path,
    `create table users (id varchar not null primary key);
     create table products (id varchar not null primary key, price float);
     create index ix_products_price on products (price);
     insert into users values ('user123');
     insert into products values ('L9ECAV7KIM', 19.99), ('a', 0.1), ('b', 1.15), ('c', 1e2),
       ('d', 0.1 + 0.2), ('e', 7), ('f', null)`,
  )
  await using catalog = await openCatalogIn({ kind: 'sqlite', path })
  const found = await catalog.findProducts(['L9ECAV7KIM', 'a', 'b', 'c', 'd', 'e', 'f'])
  const amounts = [...found].map(([id, { price }]) => [id, price?.amount])
  assert.deepEqual(Object.fromEntries(amounts), {
    ...{ L9ECAV7KIM: 1_999, a: 10, b: 115, c: 10_000, d: 30, e: 700, f: undefined },
  })
  assert.equal(await catalog.hasUser('user123'), true)
  assert.equal(await catalog.hasUser('eve'), false)
  {
    await using writer = await openSqliteWriter(path)
    const price = { amount: 2_599, currency: 'EUR' }
    await writer.stageProducts([{ id: 'a', name: 'Ahorn', price }])
    await writer.apply(['products'], 'kept')
  }
  const price = { amount: 2_599, currency: 'EUR' }
  assert.deepEqual((await catalog.findProducts(['a'])).get('a'), { id: 'a', name: 'Ahorn', price })
})

test('a row that cannot be read is a product without name and price, and is reported once', async () => {
  using folder = openFolder()
  const path = await makeStoreFile(folder.path)
  await using catalog = await openCatalogIn({ kind: 'sqlite', path })
  writeSql(path, `insert into products values ('lamp', 'Lamp', '1.999', 'USD')`)
  const bare = { id: 'lamp', name: null, price: null }
  assert.deepEqual((await catalog.findProducts(['lamp'])).get('lamp'), bare)
  await catalog.findProducts(['lamp'])
  assert.deepEqual(catalog.troubles, [
    'the product "lamp" cannot be read: the price must have at most 2 decimals in USD, not "1.999"',
  ])
})

test('users are checked as soon as there is one, always, or never, by the rule', async () => {
  using folder = openFolder()
  const path = await makeStoreFile(folder.path)
  await using whenAny = await openCatalogIn({ kind: 'sqlite', path })
  await using always = await openCatalogIn({ kind: 'sqlite', path }, { userRule: 'always' })
  await using never = await openCatalogIn({ kind: 'sqlite', path }, { userRule: 'never' })
  const ask = (id: string) => Promise.all([whenAny, always, never].map((each) => each.hasUser(id)))
  assert.deepEqual(await ask('ada'), [true, false, true])
  writeSql(path, `insert into users values ('ada')`)
  assert.deepEqual(await ask('ada'), [true, true, true])
  assert.deepEqual(await ask('eve'), [false, false, true])
})

test('the store, the catalog and an import can have the file open at the same time', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  await using store = await openSqliteStore(path)
  await using catalog = await openCatalogIn({ kind: 'sqlite', path })
  await using writer = await openSqliteWriter(path)
  await writer.stageProducts([{ id: 'lamp', name: null, price: null }])
  // Staged rows do not block the store.
  assert.equal(await store.beat('w', 1, 2), await store.beat('w', 2, 3))
  assert.equal((await catalog.findProducts(['lamp'])).size, 0)
  const counts = await writer.apply(['products'], 'kept')
  assert.deepEqual(counts.products, { added: 1, changed: 0, removed: 0, unchanged: 0 })
  assert.equal((await catalog.findProducts(['lamp'])).size, 1)
  await store.beat('w', 3, 4)
})

test('a file that is missing, of another program or no database is refused', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  await assert.rejects(openCatalogIn({ kind: 'sqlite', path }), /there is no .*cart\.db/)
  writeSql(path, 'create table other (id text)')
  await assert.rejects(
    openCatalogIn({ kind: 'sqlite', path }),
    /not a database of the cart service/,
  )
  await assert.rejects(openSqliteWriter(path), /not a database of the cart service/)
  writeFileSync(path, 'nothing of the kind, and longer than a header would be'.repeat(100))
  await assert.rejects(openCatalogIn({ kind: 'sqlite', path }), /not a database/)
})

test('a closed catalog refuses every look-up', async () => {
  using folder = openFolder()
  const path = await makeStoreFile(folder.path)
  const catalog = await openCatalogIn({ kind: 'sqlite', path })
  await catalog[Symbol.asyncDispose]()
  await assert.rejects(catalog.findProducts(['lamp']), { code: 'catalog-unavailable' })
  assert.equal(await catalog.peekProducts(['lamp']), null)
  await assert.rejects(catalog.hasUser('ada'), { code: 'catalog-unavailable' })
  await assert.rejects(catalog.check())
})
