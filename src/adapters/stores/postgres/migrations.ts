// Brings the schema of the database up to what this version of the service needs.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Database } from './database.ts'

/** Why a database cannot serve, in one line for the person who started the service. */
export class UnusableDatabaseError extends Error {}

type Migration = {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly checksum: string
  /** The oldest schema whose services can work with the database after it; the file's first line. */
  readonly runsWith: number
}

type Applied = { readonly number: number; readonly checksum: string; readonly runs_with: number }

// Of this service, and the same for all its processes: one migrates, the others wait for it.
const lockKey = 0x43415254

const readMigrations = (): readonly Migration[] => {
  const folder = new URL('./migrations/', import.meta.url)
  return readdirSync(folder)
    .filter((name) => /^\d{3}-.*\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, folder), 'utf8')
      const runsWith = Number(/^-- runs with: (\d+)$/m.exec(sql)?.[1] ?? Number.NaN)
      if (Number.isNaN(runsWith)) throw new Error(`${name} does not say what it runs with`)
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { number: Number(name.slice(0, 3)), name, sql, checksum, runsWith }
    })
}

const migrateWithinMs = 3_600_000

/** A statement that the driver does not give up after the time that is enough for all others. */
const patiently = (text: string, values: readonly unknown[] = []) => ({
  text,
  values: [...values],
  query_timeout: migrateWithinMs,
})

/** Applies what is missing, and answers the names; all of it or, when it fails, nothing. */
export const migrate = (database: Database): Promise<readonly string[]> =>
  database.transact(async (client) => {
    // A migration may take as long as the tables are large, and others wait for it.
    await client.query('set local statement_timeout = 0')
    await client.query('set local lock_timeout = 0')
    // Until the end of the transaction.
    await client.query(patiently('select pg_advisory_xact_lock($1)', [lockKey]))
    // A change of a table that waits for a lock holds up all who come after it.
    await client.query(`set local lock_timeout = '5s'`)
    await client.query(`create table if not exists migrations (
      number integer primary key, name text not null, checksum text not null,
      runs_with integer not null, applied_at timestamptz not null default now())`)
    const applied = await readApplied(client)
    const missing = missingOf(applied)
    for (const { number, name, sql, checksum, runsWith } of missing) {
      await client.query(patiently(sql))
      await client.query(
        'insert into migrations (number, name, checksum, runs_with) values ($1, $2, $3, $4)',
        [number, name, checksum, runsWith],
      )
    }
    return missing.map(({ name }) => name)
  })

/** @throws UnusableDatabaseError when a migration is missing. */
export const assertMigrated = (database: Database): Promise<void> =>
  database.transact(async (client) => {
    const { rows } = await client.query(`select to_regclass('migrations') is not null as there`)
    const isThere = rows[0]?.there === true
    const missing = missingOf(isThere ? await readApplied(client) : [])
    if (missing.length === 0) return
    const names = missing.map(({ name }) => name).join(', ')
    throw new UnusableDatabaseError(
      `the database lacks ${names}; run \`npm run migrate\`, or set DATABASE_MIGRATE=on`,
    )
  })

type Client = { query(text: string): Promise<{ readonly rows: unknown[] }> }

const readApplied = async (client: Client): Promise<readonly Applied[]> => {
  const { rows } = await client.query(
    'select number, checksum, runs_with from migrations order by number',
  )
  return rows as Applied[]
}

/** A newer service may have been here, as during a rolling update; its migrations say if we may stay. */
const missingOf = (applied: readonly Applied[]): readonly Migration[] => {
  const known = readMigrations()
  const newest = known.at(-1)?.number ?? 0
  const needed = Math.max(0, ...applied.map((row) => row.runs_with))
  if (needed > newest) {
    throw new UnusableDatabaseError(
      `the database was changed by a newer version of the service and needs schema ${needed}, ` +
        `this version knows ${newest}; start the newer version`,
    )
  }
  return known.filter(({ number, name, checksum }) => {
    const before = applied.find((row) => row.number === number)
    if (before === undefined) return true
    if (before.checksum === checksum) return false
    throw new UnusableDatabaseError(
      `the database was made by another version of migration ${name}; restore that file`,
    )
  })
}
