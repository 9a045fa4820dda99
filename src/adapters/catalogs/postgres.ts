// The two tables of the catalog in the store's PostgreSQL database, on connections beside the store's own.
// The only file of the catalogs that imports the driver.
import pg from 'pg'
import { toDecimal } from './price.ts'
import type { CatalogReader, CatalogWriter, Counts, ProductRow, Table } from './tables.ts'

export type PostgresTablesOptions = {
  readonly url: string
  readonly connections: number
  /** `unnamed` behind a pooler that gives every statement another connection. */
  readonly statements: 'named' | 'unnamed'
  /** For a connection, and again for the answer. */
  readonly timeoutMs: number
}

// Decimals of any scale: 12.9 is not 12.90000. The bound also keeps NaN and infinity out.
const definitions = {
  products: `
    create table if not exists products (
      id       text collate "C" primary key,
      name     text,
      price    numeric check (price between 0 and 1000000000),
      currency text check (currency ~ '^[A-Z]{3}$'))`,
  users: 'create table if not exists users (id text collate "C" primary key)',
} as const

// Of the catalog: one process makes the tables, the others wait for it.
const lockKey = 0x43415243

type Connection = Pick<pg.ClientBase, 'query'>

const columnsOf = async (connection: Connection, table: Table): Promise<readonly string[]> => {
  const { rows } = await connection.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [table],
  )
  return rows.map(({ name }) => name)
}

/** What is missing: a table, or a column of one that was there before us. */
const findMissing = async (connection: Connection): Promise<readonly string[]> => {
  const present = await columnsOf(connection, 'products')
  const missing = ['name', 'currency'].filter((name) => !present.includes(name))
  return [
    ...(present.length === 0
      ? [definitions.products]
      : missing.map((name) => `alter table products add column if not exists ${name} text`)),
    ...((await columnsOf(connection, 'users')).length === 0 ? [definitions.users] : []),
  ]
}

const prepareTables = async (connection: Connection): Promise<void> => {
  if ((await findMissing(connection)).length === 0) return
  await connection.query('begin')
  try {
    // A change of a table that waits for a lock holds up every statement that comes after it.
    await connection.query(`set local lock_timeout = '5s'`)
    await connection.query('select pg_advisory_xact_lock($1)', [lockKey])
    for (const sql of await findMissing(connection)) await connection.query(sql)
    await connection.query('commit')
  } catch (error) {
    await connection.query('rollback')
    throw error
  }
}

// A column of floating point becomes the decimal of 15 digits that was written into it.
const productColumns = 'id, name, price::numeric::text as price, currency'

/** A server that is unavailable is no error until something is asked. */
export const openPostgresReader = (options: PostgresTablesOptions): CatalogReader => {
  const { url, connections, statements, timeoutMs } = options
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'cart-service-catalog',
    max: connections,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    keepAlive: true,
    idleTimeoutMillis: 60_000,
  })
  // An idle connection that breaks leaves the pool; the next statement opens another.
  pool.on('error', () => {})
  let prepared: Promise<void> | null = null
  const prepare = (): Promise<void> => {
    prepared ??= prepareOnce(pool).catch((error: unknown) => {
      prepared = null
      throw error
    })
    return prepared
  }
  const query = async <T>(name: string, text: string, values: unknown[]): Promise<T[]> => {
    await prepare()
    const config =
      statements === 'named' ? { name: `catalog-${name}`, text, values } : { text, values }
    return (await pool.query(config)).rows as T[]
  }
  const findProducts = (ids: readonly string[]) =>
    query<ProductRow>(
      'products',
      `select ${productColumns} from products where id = any($1::text[])`,
      [ids],
    )
  return {
    findProducts,
    hasUser: async (id, rule) => {
      const [row] = await query<{ there: boolean }>(
        'user',
        `select exists (select from users where id = $1)
           or $2 and not exists (select from users) as there`,
        [id, rule === 'when-any'],
      )
      return row?.there === true
    },
    check: async () => {
      await findProducts([])
      await query('any-user', 'select exists (select from users)', [])
    },
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

const prepareOnce = async (pool: pg.Pool): Promise<void> => {
  const connection = await pool.connect()
  try {
    await prepareTables(connection)
    connection.release()
  } catch (error) {
    connection.release(true)
    throw error
  }
}

// Rows that an export holds in memory at a time.
const pageRows = 1_000

/** Rows are staged in temporary tables: only `apply` makes writers wait, and readers never wait. */
export const openPostgresWriter = async (url: string): Promise<CatalogWriter> => {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'cart-service-catalog',
    connectionTimeoutMillis: 10_000,
  })
  // A connection that breaks also fails the statement, which is where it is noticed.
  client.on('error', () => {})
  await client.connect()
  try {
    await prepareTables(client)
    await client.query('begin isolation level read committed')
    await client.query(`
      create temp table staged_products (id text collate "C" primary key, name text, price numeric,
        currency text) on commit drop;
      create temp table staged_users (id text collate "C" primary key) on commit drop`)
  } catch (error) {
    await client.end()
    throw error
  }
  return {
    stageProducts: async (rows) => {
      const prices = rows.map(({ price }) => (price === null ? null : toDecimal(price)))
      await client.query(
        'insert into staged_products select * from unnest($1::text[], $2::text[], $3::numeric[], $4::text[])',
        [
          rows.map(({ id }) => id),
          rows.map(({ name }) => name),
          prices,
          rows.map(({ price }) => price?.currency ?? null),
        ],
      )
    },
    stageUsers: async (rows) => {
      const ids = rows.map(({ id }) => id)
      await client.query('insert into staged_users select unnest($1::text[])', [ids])
    },
    apply: async (tables, replaced) => {
      await client.query(`set local lock_timeout = '10s'`)
      // Readers go on; another import waits for this one.
      for (const table of tables) {
        await client.query(`lock table ${table} in share row exclusive mode`)
      }
      const products = await applyTable(client, 'products', tables, replaced)
      const users = await applyTable(client, 'users', tables, replaced)
      await client.query('commit')
      return { products, users }
    },
    readProducts: () => readPages(client, `select ${productColumns} from products`),
    readUsers: () => readPages(client, 'select id from users'),
    // What was not applied is rolled back with the connection.
    [Symbol.asyncDispose]: () => client.end(),
  }
}

const changed: Readonly<Record<Table, string | null>> = {
  products: `
    update products p set name = s.name, price = s.price, currency = s.currency
    from staged_products s where s.id = p.id
      and (p.name, p.price, p.currency) is distinct from (s.name, s.price, s.currency)`,
  users: null,
}

const columns: Readonly<Record<Table, string>> = {
  products: 'id, name, price, currency',
  users: 'id',
}

const applyTable = async (
  client: pg.Client,
  table: Table,
  tables: readonly Table[],
  replaced: 'kept' | 'removed',
): Promise<Counts> => {
  const run = async (sql: string): Promise<number> => (await client.query(sql)).rowCount ?? 0
  if (!tables.includes(table)) return { added: 0, changed: 0, removed: 0, unchanged: 0 }
  const staged = `staged_${table}`
  await run(`analyze ${staged}`)
  const removed =
    replaced === 'removed'
      ? await run(
          `delete from ${table} t where not exists (select from ${staged} s where s.id = t.id)`,
        )
      : 0
  const update = changed[table]
  const updated = update === null ? 0 : await run(update)
  const added = await run(`
    insert into ${table} (${columns[table]}) select ${columns[table]} from ${staged} s
    where not exists (select from ${table} t where t.id = s.id)`)
  const { rows } = await client.query<{ n: number }>(`select count(*)::integer as n from ${staged}`)
  return { added, changed: updated, removed, unchanged: (rows[0]?.n ?? 0) - added - updated }
}

async function* readPages<T>(client: pg.Client, select: string): AsyncGenerator<readonly T[]> {
  await client.query(`declare pages no scroll cursor for ${select} order by id collate "C"`)
  for (;;) {
    const { rows } = await client.query(`fetch ${pageRows} from pages`)
    if (rows.length === 0) break
    yield rows as T[]
  }
  await client.query('close pages')
}
