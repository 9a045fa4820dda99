// The measure of the database itself: the program pgbench, writing the rows that an add of the service
// writes. Texts are taken from rows of the service and stand in the script, so none has to be sent.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Result } from './load.ts'
import type { TypicalRows } from './postgres-rows.ts'
import type { DatabaseRow, PostgresServer } from './postgres-server.ts'
import { linesPerCart, productOfLine } from './workloads.ts'

/** A statement for each row in a transaction, or all rows by one statement. */
export type Form = 'transaction' | 'statement'

type Value = DatabaseRow[string]

/** pgbench takes `:word` for a variable even within a text, so that a colon is written by its code. */
const toLiteral = (value: Value | undefined): string => {
  if (value === null || value === undefined) return 'null'
  const text = String(value).replace(/[\\']/g, '$&$&').replaceAll(':', '\\072')
  return `E'${text}'`
}

type Overrides = Readonly<Record<string, string>>

const insertOf = (table: string, row: DatabaseRow, overrides: Overrides): string => {
  const columns = Object.keys(row)
  const values = columns.map((column) => overrides[column] ?? toLiteral(row[column]))
  return `insert into ${table} as t (${columns.join(', ')}) values (${values.join(', ')})`
}

const digits = 15
// Ids of the service ascend, so those of pgbench do too: in each client, which costs indexes least.
const uniqueOf = (value: Value | undefined): string =>
  `${toLiteral(String(value).slice(0, -digits))} || :unique`

export type ScriptOptions = {
  readonly rows: TypicalRows
  readonly carts: number
  readonly nowMs: number
  readonly form: Form
}

export const toScript = ({ rows, carts, nowMs, form }: ScriptOptions): string => {
  const user = `'user-' || :cart`
  const item = { product_id: `'product-' || :product`, item_id: toLiteral(rows.jobs.item_id) }
  const now = String(nowMs)
  const made = { created_at: now, updated_at: now }
  // As the service: made when it is not there, else changed.
  const cart = `${insertOf('carts', rows.carts, { user_id: user, ...made })}
    on conflict (user_id) do update set version = t.version + 1, revision = t.revision + 1,
      updated_at = excluded.updated_at`
  const line = `${insertOf('cart_items', rows.cart_items, {
    ...item,
    user_id: user,
    added_at: now,
    updated_at: now,
  })} on conflict (user_id, product_id, attributes_hash) do update set
      quantity = least(t.quantity + 1, 9999), item_id = excluded.item_id, name = excluded.name,
      reservations = ${toLiteral(rows.changedItem.reservations)}, older = excluded.older,
      added_at = excluded.added_at, updated_at = excluded.updated_at`
  const id = { id: uniqueOf(rows.jobs.id), key: uniqueOf(rows.jobs.key) }
  const due = { created_at: now, due_at: now }
  const job = `${insertOf('jobs', rows.jobs, { ...item, ...id, ...due, cart_id: user })}
    on conflict (id) do nothing`
  const key = uniqueOf(rows.answers.key)
  const answer = insertOf('answers', rows.answers, { cart_id: user, key, at: now })
  const entryOf = (cartId: string, revision: string, version: string) => {
    const own = { cart_id: cartId, revision, version, at: now, published_at: now }
    return insertOf('journal', rows.journal, own)
  }
  const body =
    form === 'transaction'
      ? `begin;
${oneLine(cart)} returning version, revision \\gset
${oneLine(line)};
${oneLine(entryOf(user, ':revision', ':version'))};
${oneLine(job)};
${oneLine(answer)};
commit;`
      : oneLine(`with cart as (${cart} returning user_id, version, revision),
        line as (${line}), job as (${job}), answer as (${answer})
        ${entryOf('(select user_id from cart)', '(select revision from cart)', '(select version from cart)')};`)
  return `\\set cart random(0, ${carts - 1})
\\set product ${productOfLine(':cart', `random(0, ${linesPerCart - 1})`)}
\\set count :count + 1
\\set unique (:run * 1000 + :client_id) * 1000000000 + :count
${body}
`
}

// A script has a command in a line.
const oneLine = (sql: string): string => sql.replace(/\s*\n\s*/g, ' ')

let runs = 0

export type PgbenchOptions = {
  readonly database: string
  readonly folder: string
  readonly script: string
  readonly clients: number
  readonly seconds: number
}

const endWithinMs = 30_000

export const runPgbench = async (
  server: PostgresServer,
  { database, folder, script, clients, seconds }: PgbenchOptions,
): Promise<Result> => {
  const path = `${folder}/add.sql`
  writeFileSync(path, script)
  runs += 1
  // So that every number made of it is of as many digits.
  const run = 100 + runs
  const threads = Math.min(2, clients)
  const url = new URL(server.urlOf(database))
  const { password, username } = url
  const args = [
    ...['--no-vacuum', '--protocol=prepared', `--client=${clients}`, `--jobs=${threads}`],
    ...[`--time=${seconds}`, `--file=${path}`, '--define=count=0', `--define=run=${run}`],
    ...[`--host=${url.hostname}`, `--port=${url.port}`, `--username=${username}`, database],
  ]
  const child = spawn(server.pgbench, args, {
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', PGPASSWORD: password },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: seconds * 1_000 + endWithinMs,
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk
    })
  }
  const [code] = await once(child, 'close')
  process.removeListener('exit', kill)
  if (code !== 0) throw new Error(`pgbench ended with ${code}: ${text.slice(-2_000)}`)
  return toResult(text, seconds)
}

const toResult = (text: string, seconds: number): Result => {
  const read = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? Number.NaN)
  const answers = read(/transactions actually processed: (\d+)/)
  // It then says nothing of rates; the round counts as failed.
  if (answers === 0) return { answers, errors: 0, seconds, p50Ms: Number.NaN, p99Ms: Number.NaN }
  const perSecond = read(/^tps = ([\d.]+)/m)
  const averageMs = read(/^latency average = ([\d.]+) ms/m)
  if (Number.isNaN(answers + perSecond + averageMs)) {
    throw new Error(`pgbench said something else than expected: ${text.slice(-2_000)}`)
  }
  // Not said by versions before 15, which end with an error instead.
  const failed = /number of failed transactions: (\d+)/.exec(text)?.[1] ?? 0
  const errors = Number(failed)
  return { answers, errors, seconds: answers / perSecond, p50Ms: averageMs, p99Ms: Number.NaN }
}
