// Brings the schema of the PostgreSQL database up to date. All of it or, when it fails, nothing.
import type pg from 'pg'
import {
  type Applied,
  findMissing,
  type MigrationDriver,
  migrate,
  SchemaError,
} from '../migrations.ts'
import type { Database } from './database.ts'

// Of this service, and the same for all its processes: one migrates, the others wait for it.
const lockKey = 0x43415254

const migrateWithinMs = 3_600_000

/** A statement that the driver does not give up after the time that is enough for all others. */
const patiently = (text: string, values: readonly unknown[] = []) => ({
  text,
  values: [...values],
  query_timeout: migrateWithinMs,
})

const folder = new URL('./migrations/', import.meta.url)

/** Applies what is missing, and answers the names. @throws SchemaError. */
export const migrateDatabase = (database: Database): Promise<readonly string[]> =>
  database.transact(async (client) => {
    // A migration may take as long as the tables are large, and others wait for it.
    await client.query('set local statement_timeout = 0')
    await client.query('set local lock_timeout = 0')
    // Until the end of the transaction.
    await client.query(patiently('select pg_advisory_xact_lock($1)', [lockKey]))
    // A change of a table that waits for a lock holds up every statement that comes after it.
    await client.query(`set local lock_timeout = '5s'`)
    await client.query(`create table if not exists migrations (
      number integer primary key, name text not null, checksum text not null,
      runs_with integer not null, applied_at timestamptz not null default now())`)
    return migrate(driverOn(client))
  })

const driverOn = (client: pg.ClientBase): MigrationDriver => ({
  folder,
  applied: () => readApplied(client),
  apply: async ({ number, name, sql, checksum, runsWith }) => {
    await client.query(patiently(sql))
    await client.query(
      'insert into migrations (number, name, checksum, runs_with) values ($1, $2, $3, $4)',
      [number, name, checksum, runsWith],
    )
  },
})

/** @throws SchemaError when a migration is missing. */
export const assertMigrated = (database: Database): Promise<void> =>
  database.transact(async (client) => {
    const { rows } = await client.query(`select to_regclass('migrations') is not null as there`)
    const applied = async () => (rows[0]?.there === true ? readApplied(client) : [])
    const missing = await findMissing({ folder, applied })
    if (missing.length === 0) return
    throw new SchemaError(
      `it lacks ${missing.join(', ')}; run \`npm run migrate\`, or set DATABASE_MIGRATE=on`,
    )
  })

const readApplied = async (client: pg.ClientBase): Promise<readonly Applied[]> => {
  const { rows } = await client.query<{ number: number; checksum: string; runs_with: number }>(
    'select number, checksum, runs_with from migrations order by number',
  )
  return rows.map(({ number, checksum, runs_with: runsWith }) => ({ number, checksum, runsWith }))
}
