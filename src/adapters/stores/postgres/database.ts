// Connections to PostgreSQL, and what their failures mean. The only file that imports the driver.
import type { Socket } from 'node:net'
import pg from 'pg'
import { CartError } from '../../../domain/errors.ts'
import { reasonOf } from '../../../platform/reason-of.ts'
import { withinTimeOr } from '../../../platform/time-limit.ts'

export type DatabaseOptions = {
  readonly url: string
  /** Connections of this process at most. */
  readonly connections: number
  /**
   * `unnamed` behind a pooler that gives every statement another connection: nothing is left on a
   * connection then, neither prepared statements nor settings.
   */
  readonly statements: 'named' | 'unnamed'
  readonly bounds?: Bounds
}

export type Bounds = {
  readonly connectMs: number
  /** The server gives up first and says so; `answerMs` is for a server that says nothing. */
  readonly statementMs: number
  readonly answerMs: number
  readonly lockMs: number
}

const usualBounds: Bounds = {
  connectMs: 5_000,
  statementMs: 10_000,
  answerMs: 12_000,
  lockMs: 5_000,
}

export type Statement = { readonly name: string; readonly text: string }

/** As the driver reads it: lists of values, in the order of the statement. */
export type ReadRow = readonly unknown[]

export type Database = {
  /** One statement, committed when it resolves. Rows are lists of values. */
  query(statement: Statement, values: readonly unknown[]): Promise<readonly ReadRow[]>
  /** Statements on one connection, in one transaction. */
  transact<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>
  /** A connection of its own, outside the pool; closed with it. */
  openClient(): Promise<pg.Client>
  close(): Promise<void>
}

// Statements are planned once, for any number of rows: from the rows that come along into the index of
// each table. Any other plan would also take the locks of a group in another order.
const planning = ['plan_cache_mode=force_generic_plan', 'jit=off']
const plans = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan']
const toSessionOptions = ({ statementMs, lockMs }: Bounds): string =>
  [
    ...planning,
    ...plans.map((name) => `${name}=off`),
    `statement_timeout=${statementMs}`,
    `lock_timeout=${lockMs}`,
    'idle_in_transaction_session_timeout=10000',
  ]
    .map((option) => `-c ${option}`)
    .join(' ')

// A bigint of ours is a time or a count: exact as a number.
const int8 = 20
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

export const openDatabase = (options: DatabaseOptions): Database => {
  const { bounds = usualBounds } = options
  const client: pg.ClientConfig = {
    connectionString: options.url,
    application_name: 'cart-service',
    connectionTimeoutMillis: bounds.connectMs,
    query_timeout: bounds.answerMs,
    keepAlive: true,
    types,
    ...(options.statements === 'named' && { options: toSessionOptions(bounds) }),
  }
  const pool = new pg.Pool({ ...client, max: options.connections, idleTimeoutMillis: 60_000 })
  // An idle connection that breaks leaves the pool; the next statement opens another.
  pool.on('error', () => {})
  const open = new Set<pg.Client>()
  pool.on('connect', (each) => void open.add(each as unknown as pg.Client))
  pool.on('remove', (each) => void open.delete(each as unknown as pg.Client))
  const owns = new Set<pg.Client>()
  return {
    query: async ({ name, text }, values) => {
      const config = { text, values: values as unknown[], rowMode: 'array' as const }
      const named = options.statements === 'named' ? { ...config, name } : config
      return (await pool.query<unknown[]>(named)).rows
    },
    transact: async (work) => {
      const connection = await pool.connect()
      try {
        await connection.query('begin')
        const result = await work(connection)
        await connection.query('commit')
        connection.release()
        return result
      } catch (error) {
        // Closed rather than rolled back: it may be what failed.
        connection.release(true)
        throw error
      }
    },
    openClient: async () => {
      const own = new pg.Client(client)
      owns.add(own)
      own.once('end', () => void owns.delete(own))
      await own.connect()
      return own
    },
    close: async () => {
      const ends = [pool.end(), ...[...owns].map((own) => own.end())]
      await withinTimeOr(closeWithinMs, Promise.allSettled(ends), null)
      for (const each of [...open, ...owns]) breakOff(each)
    },
  }
}

// A server that hangs never closes its end.
const closeWithinMs = 1_000

// The driver has no public way to do it.
const breakOff = (client: pg.Client): void => {
  const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } }
  connection.stream.destroy()
}

/** The code of an error by which the server says that it rolled the statement back; else null. */
export const rolledBackWith = (error: unknown): string | null => {
  const { severity, code } = error as { readonly severity?: string; readonly code?: string }
  return severity === 'ERROR' && code !== undefined ? code : null
}

/** The code of a statement that was given up after its time. */
export const tookTooLong = '57014'

/**
 * Errors that a second try at once may not meet: serialization failure, deadlock; and a unique violation,
 * when another process used the key of an answer at the same moment: the next try sees it. A statement
 * that waited for a lock in vain has waited long enough.
 */
export const isTransient = (code: string | null): boolean =>
  code === '40001' || code === '40P01' || code === '23505'

export const unavailable = (error: unknown): CartError => {
  if (error instanceof CartError) return error
  const message = `The store did not answer (${reasonOf(error)}); try again.`
  return new CartError('store-unavailable', message)
}
