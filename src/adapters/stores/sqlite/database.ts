// The SQLite file: opened, held against other services, migrated. The only file that imports the driver.
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { reasonOf } from '../../../platform/reason-of.ts'
import { migrate, SchemaError } from '../migrations.ts'

/** As many question marks as there are columns. */
export const placeholders = (columns: readonly string[]): string =>
  columns.map(() => '?').join(', ')

export type Database = {
  prepare(sql: string): StatementSync
  exec(sql: string): void
  close(): void
}

/** Why a file cannot serve, in one line for the person who started the service. */
export class UnusableFileError extends Error {}

export const toUnusable = (path: string, error: unknown): UnusableFileError => {
  if (error instanceof UnusableFileError) return error
  return new UnusableFileError(
    error instanceof SchemaError
      ? `${path} does not fit this version: ${error.message}`
      : `cannot use ${path} as a cart database: ${reasonOf(error)}; ` +
          'restore it from a backup, or set DATABASE_URL to another file',
  )
}

// 'CART', in the file's header: tells our files from those of other programs.
const applicationId = 0x43415254

// Each write of a cart dirties a few pages somewhere in the file, and whole pages go to the disk: pages of
// 2 KiB halve the bytes behind every fsync. Smaller ones split rows and cost more than they save.
const pageBytes = 2_048

// Written pages are copied into the main file in batches this large. The default of 1,000 copied hot
// pages so often that a commit took 73 µs instead of 52 µs.
const checkpointPages = 20_000

// Small on purpose, the operating system caches the file too: a commit that split a page walks the
// whole cache, which took a quarter of the thread's time with 32 MiB.
const cacheKib = 2_048

export const openDatabase = async (path: string): Promise<Database> => {
  const lock = holdFile(path)
  try {
    const database = toDatabase(await openFile(path))
    const close = () => {
      database.close()
      lock.close()
    }
    return { ...database, close }
  } catch (error) {
    lock.close()
    throw error
  }
}

/** A second connection to a file that this process has opened; it sees what is committed. */
export const openReader = (path: string): Database =>
  toDatabase(new DatabaseSync(path, { readOnly: true, timeout: 5_000 }))

const toDatabase = (file: DatabaseSync): Database => ({
  prepare: (sql) => {
    const statement = file.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  },
  exec: (sql) => file.exec(sql),
  close: () => file.close(),
})

/**
 * An exclusive transaction in a file beside the database, held for life: the operating system releases
 * it however the process ends, and readers of the database itself are not kept out.
 */
const holdFile = (path: string): DatabaseSync => {
  // One file has one lock, whatever links lead to it.
  const lockPath = `${existsSync(path) ? realpathSync(path) : path}.lock`
  try {
    mkdirSync(dirname(path), { recursive: true })
    const lock = new DatabaseSync(lockPath, { timeout: 1_000 })
    lock.exec('begin exclusive')
    return lock
  } catch (error) {
    const reason = reasonOf(error)
    throw new UnusableFileError(
      /locked|busy/.test(reason)
        ? `${path} is in use by another cart service; stop it, or set DATABASE_URL to another file`
        : `cannot write ${lockPath}: ${reason}; check that the directory is writable`,
    )
  }
}

const openFile = async (path: string): Promise<DatabaseSync> => {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 5_000 })
    assertOurs(database, path)
    database.exec(`
      pragma page_size = ${pageBytes};
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma wal_autocheckpoint = ${checkpointPages};
      pragma cache_size = -${cacheKib};
      pragma temp_store = memory;
    `)
    await bringUpToDate(database)
    return database
  } catch (error) {
    database?.close()
    throw toUnusable(path, error)
  }
}

const numberOf = (database: DatabaseSync, sql: string): number =>
  Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0)

const assertOurs = (database: DatabaseSync, path: string): void => {
  const tables = numberOf(database, 'select count(*) from sqlite_schema')
  if (tables > 0 && numberOf(database, 'pragma application_id') !== applicationId) {
    throw new UnusableFileError(
      `${path} is a database of another program; set DATABASE_URL to another file`,
    )
  }
}

const bringUpToDate = (database: DatabaseSync): Promise<readonly string[]> => {
  database.exec(`
    pragma application_id = ${applicationId};
    create table if not exists migrations (
      number integer not null primary key, name text not null,
      checksum text not null, applied_at text not null
    ) strict`)
  const select = database.prepare('select number, checksum from migrations order by number')
  const insert = database.prepare('insert into migrations values (?, ?, ?, ?)')
  return migrate({
    folder: new URL('./migrations/', import.meta.url),
    // One process has the file, so a newer schema is one that this version does not know.
    applied: async () =>
      select.all().map(({ number, checksum }) => ({
        number: Number(number),
        checksum: String(checksum),
        runsWith: Number(number),
      })),
    apply: async ({ number, name, sql, checksum }) => {
      database.exec('begin immediate')
      database.exec(sql)
      insert.run(number, name, checksum, new Date().toISOString())
      database.exec('commit')
    },
  })
}
