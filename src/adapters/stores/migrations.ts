// Brings the schema of a database up to what this version of the service needs: numbered SQL files, applied
// once each and known by their checksums.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

export type Migration = {
  readonly number: number
  readonly name: string
  readonly sql: string
  readonly checksum: string
  /**
   * The oldest schema whose services can work with the database after it: `-- runs with: N`, the file's
   * first line; its own number when the line is left out.
   */
  readonly runsWith: number
}

export type Applied = Pick<Migration, 'number' | 'checksum' | 'runsWith'>

/** Why a schema does not fit this version, in one line for the person who started the service. */
export class SchemaError extends Error {}

/** What a store gives the runner to work with. */
export type MigrationDriver = {
  /** Where its SQL files are. */
  readonly folder: URL
  /** None before the first. */
  applied(): Promise<readonly Applied[]>
  /** Applies the migration and records it, both or neither. */
  apply(migration: Migration): Promise<void>
}

/** Applies what is missing, and answers the names. @throws SchemaError when the database does not fit. */
export const migrate = async (driver: MigrationDriver): Promise<readonly string[]> => {
  const missing = missingOf(readMigrations(driver.folder), await driver.applied())
  for (const migration of missing) await driver.apply(migration)
  return missing.map(({ name }) => name)
}

/** The names of what is missing. @throws SchemaError when the database does not fit. */
export const findMissing = async (
  driver: Pick<MigrationDriver, 'folder' | 'applied'>,
): Promise<readonly string[]> =>
  missingOf(readMigrations(driver.folder), await driver.applied()).map(({ name }) => name)

const readMigrations = (folder: URL): readonly Migration[] =>
  readdirSync(folder)
    .filter((name) => /^\d{3}-.*\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, folder), 'utf8')
      const number = Number(name.slice(0, 3))
      const runsWith = Number(/^-- runs with: (\d+)$/m.exec(sql)?.[1] ?? number)
      const checksum = createHash('sha256').update(sql).digest('hex')
      return { number, name, sql, checksum, runsWith }
    })

/** A newer service may have been here, as during a rolling update; its migrations say if we may stay. */
const missingOf = (
  known: readonly Migration[],
  applied: readonly Applied[],
): readonly Migration[] => {
  const newest = known.at(-1)?.number ?? 0
  const needed = Math.max(0, ...applied.map(({ runsWith }) => runsWith))
  if (needed > newest) {
    throw new SchemaError(
      `it was changed by a newer version of the service and needs schema ${needed}, ` +
        `this version knows ${newest}; start the newer version`,
    )
  }
  return known.filter(({ number, name, checksum }) => {
    const before = applied.find((each) => each.number === number)
    if (before !== undefined && before.checksum !== checksum) {
      throw new SchemaError(
        `it was made by another version of migration ${name}; restore that file or the database`,
      )
    }
    return before === undefined
  })
}
