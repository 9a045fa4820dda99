// The durable book of holds. Effects due in one turn of the event loop become one transaction, and
// an effect is on the disk before any caller learns of it. It knows nothing of HTTP, latency or faults.
import type { DatabaseSync } from 'node:sqlite'
import { openLedgerFile } from './ledger-file.ts'

export type Wanted = {
  readonly key: string | null
  readonly reference: string | null
  readonly item: string
  readonly quantity: number
}

export type Hold = Wanted & {
  readonly reservationId: number
  readonly state: 'active' | 'released'
  /** Epoch milliseconds. */
  readonly madeAt: number
  readonly releasedAt: number | null
}

/** `conflict`: the key is known, but for another item or quantity; the hold stays as it was. */
export type Reserved = {
  readonly reservationId: number
  readonly outcome: 'made' | 'made-again' | 'repeated' | 'conflict'
}

export type Released = 'released' | 'already-released' | 'unknown'

export type HoldQuery = {
  readonly reference?: string
  readonly state?: Hold['state']
  readonly after?: number
  /** All that match when absent. */
  readonly limit?: number
}

export interface LedgerView {
  /** In the order in which they were made. */
  holds(query?: HoldQuery): readonly Hold[]
  count(reference?: string): { readonly active: number; readonly released: number }
}

export interface Ledger extends LedgerView, Disposable {
  /** Settles once the holds are durable: all of them or, when it rejects, none. */
  reserve(wanted: readonly Wanted[]): Promise<readonly Reserved[]>
  release(reservationId: number): Promise<Released>
  hasKey(key: string): boolean
  findActive(reference: string): number | undefined
}

type HoldRow = {
  readonly reservation_id: number
  readonly key: string | null
  readonly reference: string | null
  readonly item: string
  readonly quantity: number
  readonly made_at: number
  readonly released_at: number | null
}

function toHold(row: HoldRow): Hold {
  return {
    reservationId: row.reservation_id,
    key: row.key,
    reference: row.reference,
    item: row.item,
    quantity: row.quantity,
    state: row.released_at === null ? 'active' : 'released',
    madeAt: row.made_at,
    releasedAt: row.released_at,
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    insert: database.prepare(
      'insert into holds (key, reference, item, quantity, made_at) values (?, ?, ?, ?, ?)',
    ),
    release: database.prepare('update holds set released_at = ? where reservation_id = ?'),
    byId: database.prepare('select * from holds where reservation_id = ?'),
    byKey: database.prepare('select * from holds where key = ? order by reservation_id limit 1'),
    newestActive: database.prepare(`
      select * from holds where reference = ? and released_at is null
      order by reservation_id desc limit 1`),
    counts: database.prepare(`
      select count(*) - count(released_at) as active, count(released_at) as released from holds`),
    countsOf: database.prepare(`
      select count(*) - count(released_at) as active, count(released_at) as released from holds
      where reference = ?`),
  }
}

type Statements = ReturnType<typeof prepareStatements>

function findHold(statement: Statements['byId'], value: string | number): Hold | undefined {
  const row = statement.get(value) as HoldRow | undefined
  return row && toHold(row)
}

function reserveOne(statements: Statements, wanted: Wanted, isKeyed: boolean): Reserved {
  const { key, reference, item, quantity } = wanted
  const known = isKeyed && key !== null ? findHold(statements.byKey, key) : undefined
  if (known !== undefined) {
    const isSame = known.item === item && known.quantity === quantity
    return { reservationId: known.reservationId, outcome: isSame ? 'repeated' : 'conflict' }
  }
  const isAgain = reference !== null && findHold(statements.newestActive, reference) !== undefined
  const { lastInsertRowid } = statements.insert.run(key, reference, item, quantity, Date.now())
  return { reservationId: Number(lastInsertRowid), outcome: isAgain ? 'made-again' : 'made' }
}

function releaseOne(statements: Statements, reservationId: number): Released {
  const hold = findHold(statements.byId, reservationId)
  if (hold === undefined) return 'unknown'
  if (hold.state === 'released') return 'already-released'
  statements.release.run(Date.now(), reservationId)
  return 'released'
}

type Effect = {
  /** Runs inside the transaction and returns what to do once that is durable. */
  readonly apply: () => () => void
  readonly reject: (reason: unknown) => void
}

function buildCommitGroup(database: DatabaseSync) {
  let waiting: Effect[] = []
  const flush = () => {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    const settle: (() => void)[] = []
    try {
      database.exec('begin immediate')
      for (const effect of group) settle.push(effect.apply())
      database.exec('commit')
    } catch (cause) {
      for (const effect of group) effect.reject(cause)
      // SQLite has already rolled back after some errors, a full disk among them.
      if (database.isTransaction) database.exec('rollback')
      return
    }
    // One turn later, so that clients who left during the commit are known to have left.
    setImmediate(() => {
      for (const done of settle) done()
    })
  }
  const add = <T>(apply: () => T) =>
    new Promise<T>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({
        apply: () => {
          const result = apply()
          return () => resolve(result)
        },
        reject,
      })
    })
  return { add, flush }
}

function readHolds(database: DatabaseSync, query: HoldQuery): Hold[] {
  const where = ['reservation_id > ?']
  const values: (string | number)[] = [query.after ?? 0]
  if (query.reference !== undefined) {
    where.push('reference = ?')
    values.push(query.reference)
  }
  if (query.state !== undefined) {
    where.push(`released_at is ${query.state === 'active' ? '' : 'not '}null`)
  }
  // SQLite reads -1 as no limit.
  values.push(query.limit ?? -1)
  const sql = `select * from holds where ${where.join(' and ')} order by reservation_id limit ?`
  return (database.prepare(sql).all(...values) as HoldRow[]).map(toHold)
}

/** @throws LedgerError when the file is damaged, is something else, or is in use. */
export function openLedger(path: string, isKeyed: boolean): Ledger {
  const database = openLedgerFile(path)
  const statements = prepareStatements(database)
  const group = buildCommitGroup(database)
  return {
    reserve: (wanted) => group.add(() => wanted.map((one) => reserveOne(statements, one, isKeyed))),
    release: (reservationId) => group.add(() => releaseOne(statements, reservationId)),
    hasKey: (key) => findHold(statements.byKey, key) !== undefined,
    findActive: (reference) => findHold(statements.newestActive, reference)?.reservationId,
    holds: (query = {}) => readHolds(database, query),
    count(reference) {
      const row =
        reference === undefined ? statements.counts.get() : statements.countsOf.get(reference)
      const { active, released } = row as { active: number; released: number }
      return { active, released }
    },
    [Symbol.dispose]() {
      group.flush()
      database.close()
    },
  }
}
