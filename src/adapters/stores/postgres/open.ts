// The store for many processes: PostgreSQL. Commits and loads of different carts travel in groups.
import { reasonOf } from '../../../platform/reason-of.ts'
import type { Change, Store } from '../../../ports/store.ts'
import { SchemaError } from '../migrations.ts'
import { openAnnouncements } from './announcements.ts'
import { openCommits } from './commits.ts'
import { type Database, type DatabaseOptions, openDatabase, unavailable } from './database.ts'
import { openHandOver, openJobs } from './job-table.ts'
import { readJournal } from './journal-table.ts'
import { openLoads } from './loads.ts'
import { assertMigrated, migrateDatabase } from './migrations.ts'
import { type Preparation, prepare } from './preparation.ts'
import { sweep } from './sweep.ts'

/** Why a database cannot serve, in one line for the person who started the service. */
export class UnusableDatabaseError extends Error {}

export type PostgresOptions = DatabaseOptions & {
  /** `off`: migrations are applied elsewhere; the service only checks that they are there. */
  readonly migrate: 'on' | 'off'
  /** There may be jobs due that another process made. */
  readonly onJobs: () => void
  /** The server cannot be reached at start; it is tried again. */
  readonly onTrouble: (error: unknown) => void
}

/**
 * A server that cannot be reached is waited for; nothing is answered until then.
 * @throws UnusableDatabaseError when the server refuses us, or its schema does not fit.
 */
export const openPostgresStore = async (options: PostgresOptions): Promise<Store> => {
  await using stack = new AsyncDisposableStack()
  const connections = openDatabase(options)
  stack.defer(connections.close)
  const preparation = await prepare(
    () => prepareSchema(connections, options),
    options.onTrouble,
  ).catch((error: unknown): never => {
    throw toUnusable(error)
  })
  stack.defer(preparation.stop)
  const database = guard(connections, preparation)
  const announcements = openAnnouncements(database, options.onJobs)
  stack.defer(announcements.close)
  const commit = openCommits(database)
  const opened = stack.move()
  return {
    name: 'postgresql',
    get durability() {
      return preparation.result() ?? 'durable'
    },
    ownership: 'shared',
    ...openLoads(database),
    commit: async (change) => {
      const result = await commit(change)
      if (result === 'committed' && makesJobsDue(change)) announcements.announce()
      return result
    },
    readJournal: (...args) => orUnavailable(() => readJournal(database, ...args)),
    ...openJobs(database),
    handOver: openHandOver(database),
    sweep: (bounds) => orUnavailable(() => sweep(database, bounds)),
    check: () => check(database),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const prepareSchema = async (
  database: Database,
  options: PostgresOptions,
): Promise<Store['durability']> => {
  if (options.migrate === 'on') await migrateDatabase(database)
  else await assertMigrated(database)
  return durabilityOf(database)
}

/** Nothing is asked of a schema that may not be there yet. */
const guard = (database: Database, { result }: Preparation<unknown>): Database => ({
  ...database,
  query: async (...args) => {
    if (result() === null) throw unavailable('it has not been reached yet')
    return database.query(...args)
  },
  transact: async (work) => {
    if (result() === null) throw unavailable('it has not been reached yet')
    return database.transact(work)
  },
})

/**
 * Brings the schema up to date, and answers the names of what it applied.
 * @throws UnusableDatabaseError when it cannot; nothing is changed then.
 */
export const migratePostgres = async (options: DatabaseOptions): Promise<readonly string[]> => {
  const database = openDatabase(options)
  try {
    return await migrateDatabase(database)
  } catch (error) {
    throw toUnusable(error)
  } finally {
    await database.close()
  }
}

const orUnavailable = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw unavailable(error)
  }
}

const makesJobsDue = ({ jobs }: Change): boolean =>
  jobs.put.length + jobs.cancelled.length + jobs.revived.length + jobs.requeued.length > 0

const durabilityOf = async (database: Database): Promise<Store['durability']> => {
  const [row] = await database.query(
    {
      name: 'durability',
      text: `select current_setting('fsync') = 'on' and current_setting('synchronous_commit') <> 'off'`,
    },
    [],
  )
  return row?.[0] === true ? 'durable' : 'volatile'
}

const check = async (database: Database): Promise<void> => {
  const [row] = await database.query(
    { name: 'check', text: `select current_setting('transaction_read_only') = 'on'` },
    [],
  )
  if (row?.[0] === true) throw new Error('the database takes no writes (is it a replica?)')
}

const toUnusable = (error: unknown): UnusableDatabaseError =>
  new UnusableDatabaseError(
    error instanceof SchemaError
      ? `the database of DATABASE_URL does not fit: ${error.message}`
      : `cannot use the database of DATABASE_URL: ${reasonOf(error)}; ` +
          'check the URL and that the server runs',
  )
