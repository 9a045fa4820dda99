// `npm run migrate`: the schema of PostgreSQL, brought up to date by a program that ends.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { type Exit, openFolder, startProgram, within } from '../support/process-program.ts'
import { launchService, root } from '../support/process-service.ts'
import { openDatabase, postgresIsMissing } from '../support/server-postgres.ts'

type Run = Exit & { readonly stdout: string; readonly stderr: string }

const migrate = async (
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Run> => {
  using folder = openFolder()
  await using program = startProgram({
    args: [join(root, 'src/programs/migrate.ts'), ...args],
    env,
    cwd: folder.path,
  })
  const exit = await within('the end of migrate', program.ended, 30_000)
  return { ...exit, stdout: program.stdout(), stderr: program.stderr() }
}

const connect = async (url: string) => {
  const client = new Client(url)
  // A connection that breaks also fails the query, which is where it is noticed.
  client.on('error', () => {})
  await client.connect()
  const query = async (sql: string) =>
    (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows.flat()
  return { query, [Symbol.asyncDispose]: () => client.end() }
}

const upToDate = 'nothing to do: the schema is up to date\n'
const skip = postgresIsMissing()

test('migrate applies and reports what is missing, and has nothing to do afterwards', {
  skip,
}, async () => {
  await using database = await openDatabase()
  const env = { DATABASE_URL: database.url }
  const first = await migrate(env)
  assert.deepEqual([first.code, first.stderr], [0, ''])
  assert.match(first.stdout, /^(?:applied \d{3}-[\w-]+\.sql\n)+$/)
  assert.deepEqual(await migrate(env), { code: 0, signal: null, stdout: upToDate, stderr: '' })
})

test('several concurrent runs of migrate apply each migration once', { skip }, async () => {
  await using database = await openDatabase()
  const runs = await Promise.all([1, 2, 3].map(() => migrate({ DATABASE_URL: database.url })))
  assert.deepEqual(
    runs.map(({ code, stderr }) => [code, stderr]),
    runs.map(() => [0, '']),
  )
  assert.equal(runs.filter(({ stdout }) => stdout === upToDate).length, 2)
  await using client = await connect(database.url)
  const names = await client.query('select name from migrations order by number')
  const applied = runs.find(({ stdout }) => stdout !== upToDate)?.stdout
  assert.equal(applied, names.map((name) => `applied ${name}\n`).join(''))
})

test('a run of migrate waits for another one for as long as that takes', { skip }, async () => {
  await using database = await openDatabase()
  await using other = await connect(database.url)
  const text = readFileSync(join(root, 'src/adapters/stores/postgres/migrations.ts'), 'utf8')
  const key = /const lockKey = (\w+)/.exec(text)?.[1]
  await other.query(`select pg_advisory_lock(${Number(key)})`)
  const waiting = migrate({ DATABASE_URL: database.url })
  // Longer than any other statement may take.
  await sleep(13_000)
  await other.query(`select pg_advisory_unlock(${Number(key)})`)
  const { code, stderr } = await waiting
  assert.deepEqual([code, stderr], [0, ''])
})

test('migrate and the service refuse a database of a newer version', { skip }, async () => {
  await using database = await openDatabase()
  const env = { DATABASE_URL: database.url, LOG_LEVEL: 'silent' }
  await migrate(env)
  await using client = await connect(database.url)
  await client.query(`insert into migrations (number, name, checksum, runs_with)
    values (999, '999-later.sql', 'x', 999)`)
  const refusal =
    /^cart-service: the database of DATABASE_URL .*changed by a newer version.*needs schema 999/
  const { code, stdout, stderr } = await migrate(env)
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, refusal)
  using folder = openFolder()
  await using service = launchService({ folder: folder.path, env })
  assert.equal((await within('the end', service.ended, 30_000)).code, 1)
  assert.match(service.stderr(), refusal)
})

test('with DATABASE_MIGRATE=off the service refuses an empty database, and migrate does not', {
  skip,
}, async () => {
  await using database = await openDatabase()
  const env = { DATABASE_URL: database.url, DATABASE_MIGRATE: 'off' }
  using folder = openFolder()
  await using refused = launchService({ folder: folder.path, env })
  assert.equal((await within('the end', refused.ended, 30_000)).code, 1)
  assert.match(
    refused.stderr(),
    /^cart-service: the database of DATABASE_URL .*lacks 001-\S+, .*; run `npm run migrate`/,
  )
  await using client = await connect(database.url)
  assert.deepEqual(await client.query(`select to_regclass('migrations') is null`), [true])
  // The setting is for the service.
  assert.equal((await migrate(env)).code, 0)
  assert.notDeepEqual(await client.query('select name from migrations'), [])
})

test('a failure of migrate is one line, and exit code 1', { skip }, async () => {
  await using database = await openDatabase()
  const url = new URL(database.url)
  url.pathname += '_missing'
  const { code, stdout, stderr } = await migrate({ DATABASE_URL: url.href })
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^cart-service: cannot use the database of DATABASE_URL: .*\n$/)
})

test('migrate ends with code 78 on a mistake in the settings, and 0 for a store in memory', async () => {
  const wrong = await migrate({ DATABASE_URL: 'mysql://db/cart', APP_PORT: 'x' })
  assert.deepEqual([wrong.code, wrong.stdout], [78, ''])
  assert.match(wrong.stderr, /^cart-service: APP_PORT .*\ncart-service: DATABASE_URL .*\n$/)
  const { code, stdout } = await migrate({ DATABASE_URL: 'memory:' })
  assert.equal(code, 0)
  assert.match(stdout, /^nothing to do: the memory store/)
})

test('migrate --help prints the settings', async () => {
  const { code, stdout } = await migrate({ DATABASE_URL: 'x' }, ['--help'])
  assert.equal(code, 0)
  assert.match(stdout, /^ {2}DATABASE_URL /m)
})
