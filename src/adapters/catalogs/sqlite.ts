// The two tables of the catalog in the file of the SQLite store, on connections beside the store's own.
// The only file of the catalogs that imports the driver.
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { toDecimal } from './price.ts'
import type { CatalogReader, CatalogWriter, Counts, ProductRow, Table } from './tables.ts'

// Of the store: written into the header of its files.
const applicationId = 0x43415254

// SQLite has no decimal numbers. A text keeps 12.99 as it is, for people and for us; a REAL would not.
const definitions = {
  products: `
    create table if not exists products (
      id       text not null primary key,
      name     text,
      price    text check (price glob '[0-9]*' and price not glob '*[^0-9.]*'),
      currency text check (currency glob '[A-Z][A-Z][A-Z]')
    ) without rowid, strict`,
  users: 'create table if not exists users (id text not null primary key) without rowid, strict',
} as const

const columnsOf = (database: DatabaseSync, table: Table): readonly string[] =>
  database
    .prepare('select name from pragma_table_info(?)')
    .all(table)
    .map(({ name }) => String(name))

/** What is missing: a table, or a column of one that was there before us. */
const findMissing = (database: DatabaseSync): readonly string[] => {
  const present = columnsOf(database, 'products')
  const columns = ['name', 'currency'].filter((name) => !present.includes(name))
  return [
    ...(present.length === 0
      ? [definitions.products]
      : columns.map((name) => `alter table products add column ${name} text`)),
    ...(columnsOf(database, 'users').length === 0 ? [definitions.users] : []),
  ]
}

/** @throws Error when the file is missing, or of another program. */
const openPrepared = (path: string): DatabaseSync => {
  if (!existsSync(path)) throw new Error(`there is no ${path}; the store makes it`)
  const database = new DatabaseSync(path, { timeout: 5_000 })
  try {
    const header = database.prepare('pragma application_id').get()
    if (header?.application_id !== applicationId) {
      throw new Error(`${path} is not a database of the cart service`)
    }
    // The thread of the store copies the written pages into the file, at its time.
    database.exec('pragma wal_autocheckpoint = 0')
    if (findMissing(database).length > 0) {
      database.exec('begin immediate')
      // Again, now that no other connection writes.
      for (const sql of findMissing(database)) database.exec(sql)
      database.exec('commit')
    }
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** @param path of the store's file, which the store has opened. */
export const openSqliteReader = async (path: string): Promise<CatalogReader> => {
  openPrepared(path).close()
  // In WAL mode readers wait only for the moment when the log is restarted.
  const database = new DatabaseSync(path, { readOnly: true, timeout: 250 })
  const selectProducts = database.prepare(`
    select id, name, price, currency from products
    where id in (select value from json_each(?))`)
  const selectUser = database.prepare('select 1 from users where id = ?')
  const selectAnyUser = database.prepare('select 1 from users limit 1')
  return {
    findProducts: async (ids) =>
      selectProducts.all(JSON.stringify(ids)) as unknown as readonly ProductRow[],
    hasUser: async (id, rule) =>
      selectUser.get(id) !== undefined ||
      (rule === 'when-any' && selectAnyUser.get() === undefined),
    check: async () => {
      selectProducts.all('[]')
      selectAnyUser.get()
    },
    [Symbol.asyncDispose]: async () => database.close(),
  }
}

// Rows that an export holds in memory at a time.
const pageRows = 1_000

/** Rows are staged in a temporary file: the store waits for `apply` only. */
export const openSqliteWriter = async (path: string): Promise<CatalogWriter> => {
  const database = openPrepared(path)
  database.exec(`
    create temp table staged_products (
      id text not null primary key, name text, price text, currency text) without rowid;
    create temp table staged_users (id text not null primary key) without rowid`)
  const stageProduct = database.prepare('insert into staged_products values (?, ?, ?, ?)')
  const stageUser = database.prepare('insert into staged_users values (?)')
  const stage = (work: () => void) => {
    database.exec('begin')
    work()
    database.exec('commit')
  }
  return {
    stageProducts: async (rows) =>
      stage(() => {
        for (const { id, name, price } of rows) {
          const columns = price === null ? [null, null] : [toDecimal(price), price.currency]
          stageProduct.run(id, name, ...columns)
        }
      }),
    stageUsers: async (rows) =>
      stage(() => {
        for (const { id } of rows) stageUser.run(id)
      }),
    apply: async (tables, replaced) => {
      database.exec('begin immediate')
      try {
        const counts = applyStaged(database, tables, replaced)
        database.exec('commit')
        return counts
      } catch (error) {
        if (database.isTransaction) database.exec('rollback')
        throw error
      }
    },
    readProducts: () => readPages(database, 'select id, name, price, currency from products'),
    readUsers: () => readPages(database, 'select id from users'),
    [Symbol.asyncDispose]: async () => database.close(),
  }
}

const changed: Readonly<Record<Table, string | null>> = {
  products: `
    update products set name = s.name, price = s.price, currency = s.currency
    from temp.staged_products s where s.id = products.id
      and (products.name, products.price, products.currency) is not (s.name, s.price, s.currency)`,
  users: null,
}

const columns: Readonly<Record<Table, string>> = {
  products: 'id, name, price, currency',
  users: 'id',
}

const applyStaged = (
  database: DatabaseSync,
  tables: readonly Table[],
  replaced: 'kept' | 'removed',
): Readonly<Record<Table, Counts>> => {
  const run = (sql: string): number => Number(database.prepare(sql).run().changes)
  const applyTable = (table: Table): Counts => {
    const isChosen = tables.includes(table)
    const staged = `temp.staged_${table}`
    const removed =
      isChosen && replaced === 'removed'
        ? run(`delete from ${table} where id not in (select id from ${staged})`)
        : 0
    const update = changed[table]
    const updated = update === null ? 0 : run(update)
    const added = run(`
      insert into ${table} (${columns[table]}) select ${columns[table]} from ${staged} s
      where not exists (select 1 from ${table} t where t.id = s.id)`)
    const total = Number(database.prepare(`select count(*) as n from ${staged}`).get()?.n)
    return { added, changed: updated, removed, unchanged: total - added - updated }
  }
  return { products: applyTable('products'), users: applyTable('users') }
}

async function* readPages<T>(database: DatabaseSync, select: string): AsyncGenerator<readonly T[]> {
  let page: T[] = []
  for (const row of database.prepare(`${select} order by id`).iterate()) {
    page.push(row as T)
    if (page.length < pageRows) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
