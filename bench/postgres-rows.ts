// Rows as the service writes them: copied for databases of many carts, and held beside those that pgbench
// writes. The tables are those of the service; nothing of their columns is known here but the owner.
import type { DatabaseRow, PostgresServer } from './postgres-server.ts'

export type TableName = 'carts' | 'cart_items' | 'jobs' | 'journal' | 'answers'

/** Of each table the column with the cart, and the one with the time of writing. */
const tables: Readonly<Record<TableName, { readonly cart: string; readonly at: string }>> = {
  carts: { cart: 'user_id', at: 'updated_at' },
  cart_items: { cart: 'user_id', at: 'updated_at' },
  jobs: { cart: 'cart_id', at: 'created_at' },
  journal: { cart: 'cart_id', at: 'at' },
  answers: { cart: 'cart_id', at: 'at' },
}

const names = Object.keys(tables) as readonly TableName[]

/** Stands for the number of a cart in the name of the cart that is copied; as wide as most of them. */
export const sampleCart = 'user-sampl'

/** Carts user-0, user-1, … as copies of the sample, whose reservation is settled. */
export const copyCarts = async (
  server: PostgresServer,
  database: string,
  count: number,
): Promise<void> => {
  const query = (sql: string) => server.query(database, sql)
  for (const name of names) {
    const { cart } = tables[name]
    const found = await query(
      `select column_name from information_schema.columns where table_name = '${name}'`,
    )
    const columns = found.map((row) => String(row.column_name))
    const values = columns.map((column) => {
      if (column === cart) return `'user-' || n`
      const isText = column === 'body' || column === 'headers'
      return isText ? `replace(s.${column}, '${sampleCart}', 'user-' || n)` : `s.${column}`
    })
    await query(`insert into ${name} (${columns.join(', ')}) select ${values.join(', ')}
      from generate_series(0, ${count - 1}) n, ${name} s where s.${cart} = '${sampleCart}'`)
    await query(`vacuum (analyze) ${name}`)
  }
}

const isSince = (name: TableName, sinceMs: number): string =>
  `${tables[name].cart} like 'user-%' and ${tables[name].at} >= ${sinceMs}`

export type TypicalRows = Readonly<Record<TableName, DatabaseRow>> & {
  /** An item that was there when it was added to; a new one where there was none. */
  readonly changedItem: DatabaseRow
}

/** Of each table the row, of those written since then, whose size is nearest to the average. */
export const readTypicalRows = async (
  server: PostgresServer,
  database: string,
  sinceMs: number,
): Promise<TypicalRows> => {
  const read = async (name: TableName, condition = 'true') => {
    const [row] = await server.query(
      database,
      `with written as materialized (
        select t.*, pg_column_size(t.*) as row_bytes from ${name} t
        where ${isSince(name, sinceMs)} and ${condition})
      select * from written order by abs(row_bytes - (select avg(row_bytes) from written)) limit 1`,
    )
    if (row === undefined) return null
    const { row_bytes: _, ...columns } = row
    return columns
  }
  const readSure = async (name: TableName, condition?: string) => {
    const row = (await read(name, condition)) ?? (await read(name))
    if (row === null) throw new Error(`the service wrote nothing to ${name}`)
    return row
  }
  const [carts, made, jobs, journal, answers] = await Promise.all([
    readSure('carts'),
    readSure('cart_items', 'updated_at = added_at'),
    readSure('jobs'),
    readSure('journal'),
    readSure('answers'),
  ])
  const changedItem = await readSure('cart_items', 'updated_at > added_at')
  return { carts, cart_items: made, jobs, journal, answers, changedItem }
}

export type Written = Readonly<Record<TableName, { readonly rows: number; readonly bytes: number }>>

/** What was written since then: rows, and their bytes on average, as the database stores them. */
export const readWritten = async (
  server: PostgresServer,
  database: string,
  sinceMs: number,
): Promise<Written> => {
  const read = async (name: TableName) => {
    const [row] = await server.query(
      database,
      `select count(*)::int as rows, avg(pg_column_size(t.*))::float8 as bytes
      from ${name} t where ${isSince(name, sinceMs)}`,
    )
    return [name, { rows: Number(row?.rows), bytes: Number(row?.bytes) }] as const
  }
  return Object.fromEntries(await Promise.all(names.map(read))) as Written
}

const bytesApartMax = 0.05
// Each add has these; carts and items are updated as often as made.
const perAdd = ['jobs', 'journal', 'answers'] as const
const rowsApartMax = 0.02

/** In one line; and whether both wrote the same. */
export const compareWritten = (ours: Written, theirs: Written) => {
  const isNear = (a: number, b: number, apart: number) => Math.abs(a - b) <= apart * b
  const bytes = names.map((name) => {
    const [a, b] = [ours[name].bytes, theirs[name].bytes]
    return { text: `${name} ${a.toFixed(0)} / ${b.toFixed(0)}`, ok: isNear(a, b, bytesApartMax) }
  })
  // Of an add, which has one entry in the journal.
  const rows = perAdd.map((name) => {
    const [a, b] = [ours, theirs].map((written) => written[name].rows / written.journal.rows)
    const share = `${a?.toFixed(2)} / ${b?.toFixed(2)}`
    return { text: `${name} ${share}`, ok: isNear(a ?? 0, b ?? 0, rowsApartMax) }
  })
  return {
    bytesText: bytes.map(({ text }) => text).join(', '),
    rowsText: rows.map(({ text }) => text).join(', '),
    isSame: [...bytes, ...rows].every(({ ok }) => ok),
  }
}
