// Opens the adapters that the settings name. Those that are seldom used are loaded only then: the embedded
// service starts without their drivers.
import { openOpenCatalog } from './adapters/catalogs/open-catalog.ts'
import { openReservationService } from './adapters/reservations/open.ts'
import { openMemoryStore } from './adapters/stores/memory/open.ts'
import { openSqliteStore } from './adapters/stores/sqlite/open.ts'
import type { Log } from './adapters/telemetry/log.ts'
import type { Config } from './config.ts'
import type { Catalog } from './ports/catalog.ts'
import type { JobQueue } from './ports/job-queue.ts'
import type { ReservationClient } from './ports/reservation-client.ts'
import type { Store } from './ports/store.ts'

export const openStore = async (config: Config, log: Log, onJobs: () => void): Promise<Store> => {
  const { database } = config
  switch (database.kind) {
    case 'memory':
      return openMemoryStore()
    case 'sqlite':
      return openSqliteStore(database.path, (error) => {
        // Whoever supervises the process starts it anew; that loses nothing.
        log.fatal({ err: error }, 'the thread of the store failed')
        process.exit(1)
      })
    case 'postgres': {
      const { openPostgresStore } = await import('./adapters/stores/postgres/open.ts')
      return openPostgresStore({
        url: database.url,
        connections: config.databaseConnections,
        statements: config.databaseStatements,
        migrate: config.databaseMigrate,
        onJobs,
        onTrouble: (error) =>
          log.error({ err: error }, 'the database cannot be used yet; trying again'),
      })
    }
    default:
      return database satisfies never
  }
}

export const openClient = (config: Config): ReservationClient | null => {
  const { reservations, reservationServiceUrl: url } = config
  if (reservations === 'off' || url === null) return null
  return openReservationService({
    url,
    grade: config.reservationServiceGrade,
    connections: config.reservationConcurrency,
    timeoutMs: config.reservationTimeoutMs,
    breaker: { enabled: config.breakerEnabled, cooldownMs: config.breakerCooldownMs },
  })
}

export const openQueue = async (
  { redisUrl, redisPrefix, role }: Config,
  log: Log,
  onHints: () => void,
): Promise<JobQueue | null> => {
  if (redisUrl === null) return null
  const { openRedisQueue } = await import('./adapters/queue/redis.ts')
  return openRedisQueue({
    url: redisUrl,
    prefix: redisPrefix,
    isWorker: role !== 'api',
    onHints,
    onTrouble: (error) => log.warn({ err: error }, 'trouble with the queue'),
  })
}

export const openCatalog = async (config: Config, log: Log): Promise<Catalog> => {
  const { catalog: source, catalogCurrency: currency, database } = config
  const onTrouble = (error: Error) => log.warn({ err: error }, 'trouble with the catalogue')
  switch (source.kind) {
    case 'open':
      return openOpenCatalog()
    case 'file': {
      const { openFileCatalog } = await import('./adapters/catalogs/file.ts')
      const usersPath = config.catalogUsersPath === '' ? null : config.catalogUsersPath
      return openFileCatalog({ path: source.path, usersPath, currency, onTrouble })
    }
    case 'database': {
      // readConfig refuses a catalogue in memory.
      if (database.kind === 'memory') throw new Error('CATALOG_URL=database: needs a database')
      const { openDatabaseCatalog } = await import('./adapters/catalogs/database.ts')
      const statements = config.databaseStatements
      return openDatabaseCatalog({
        database,
        userRule: 'when-any',
        currency,
        onTrouble,
        statements,
      })
    }
    case 'http': {
      const { openHttpCatalog } = await import('./adapters/catalogs/http.ts')
      return openHttpCatalog({ url: source.url, currency, onTrouble })
    }
    default:
      return source satisfies never
  }
}
