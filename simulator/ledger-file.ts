// Opens the SQLite file of the ledger, or refuses it with one clear sentence.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export class LedgerError extends Error {
  override readonly name = 'LedgerError'
}

/** Marks the file as ours ("RSIM"), so that a wrong path never writes into another database. */
const applicationId = 0x5253494d

const schema = `
  create table holds (
    reservation_id integer primary key,
    key text,
    reference text,
    item text not null,
    quantity integer not null,
    made_at integer not null,
    released_at integer
  ) strict;
  create index holds_by_key on holds (key) where key is not null;
  create index holds_by_reference on holds (reference) where reference is not null;
  pragma application_id = ${applicationId};
`

/** Long enough for an earlier simulator to end. */
const lockWaitMs = 5_000

function readPragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0]
}

function prepareFile(database: DatabaseSync): void {
  // Exclusive: two simulators on one ledger would each miss the other's open calls.
  database.exec(`
    pragma busy_timeout = ${lockWaitMs};
    pragma locking_mode = exclusive;
    pragma journal_mode = wal;
    pragma synchronous = full;
  `)
  const check = readPragma(database, 'quick_check(1)')
  if (check !== 'ok') throw new Error(`it is damaged: ${String(check).split('\n')[0]}`)
  const isEmpty = readPragma(database, 'schema_version') === 0
  if (!isEmpty && readPragma(database, 'application_id') !== applicationId) {
    throw new Error("it is a database, but not a simulator's ledger")
  }
  // Also takes the exclusive lock now rather than at the first reservation.
  database.exec(`begin immediate; ${isEmpty ? schema : ''} commit;`)
}

function explain(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.message.includes('locked') ? 'another process is using it' : cause.message
}

/** @throws LedgerError when the file is damaged, is something else, or is in use. */
export function openLedgerFile(path: string): DatabaseSync {
  const isVolatile = path === 'memory'
  let database: DatabaseSync | undefined
  try {
    if (!isVolatile) mkdirSync(dirname(path), { recursive: true })
    database = new DatabaseSync(isVolatile ? ':memory:' : path)
    prepareFile(database)
    return database
  } catch (cause) {
    database?.close()
    const reason = explain(cause)
    throw new LedgerError(`cannot use the ledger ${path}: ${reason}`, { cause })
  }
}
