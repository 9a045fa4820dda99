// The program reports in one line each why it does not start, and ends with a code that is not 0.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open.ts'
import { settings } from '../../../src/config/read-config.ts'
import { holdPort, openFolder, runMain } from '../../support/http-program.ts'

test('the program ends with code 78 and a line for each bad setting', async () => {
  const env = {
    APP_PORT: 'http',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://cart:hunter2@db/cart',
    RESERVATION_SERVICE_URL: 'ftp://cart:hunter2@reserve',
    REDIS_URL: 'http://:hunter2@redis',
    ENV_NAME: 'prod',
  }
  const { code, stdout, complaints } = await runMain(env)
  assert.deepEqual([code, stdout], [78, ''])
  assert.equal(complaints.length, 5)
  for (const name of Object.keys(env).filter((each) => each !== 'ENV_NAME')) {
    assert.ok(
      complaints.some((line) => line.startsWith(`cart-service: ${name} `)),
      name,
    )
  }
  assert.doesNotMatch(complaints.join('\n'), /hunter2/)
})

test('the program ends with code 78 in production without a reservation service', async () => {
  const { code, complaints } = await runMain({ ENV_NAME: 'prod' })
  assert.equal(code, 78)
  assert.match(complaints.join('\n'), /^cart-service: RESERVATION_SERVICE_URL is missing.*$/)
})

/** Ended by itself with one line, no stack, and the setting that helps. */
const refuses = async (env: Readonly<Record<string, string>>, why: RegExp) => {
  const { code, complaints } = await runMain({ LOG_LEVEL: 'silent', ...env })
  assert.equal(code, 1, complaints.join('\n'))
  assert.equal(complaints.length, 1, complaints.join('\n'))
  assert.match(complaints[0] ?? '', /^cart-service: /)
  assert.match(complaints[0] ?? '', why)
}

test('the program does not start on a port in use, and names it and the setting for another', async () => {
  await using held = await holdPort()
  const why = new RegExp(`port ${held.port} of 127\\.0\\.0\\.1 is in use; set APP_PORT`)
  await refuses({ APP_PORT: String(held.port) }, why)
})

test('the program does not start on an address of another machine, and names it', async () => {
  await refuses({ HOST: '192.0.2.1' }, /cannot listen on HOST 192\.0\.2\.1/)
})

test('the program refuses the database of another program and does not change it', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'foreign.db')
  const foreign = new DatabaseSync(path)
  foreign.exec("create table notes (text); insert into notes values ('mine')")
  foreign.close()
  await refuses({ DATABASE_URL: `sqlite:${path}` }, /foreign\.db is a database of another program/)
  const after = new DatabaseSync(path)
  const tables = after.prepare('select name from sqlite_schema').all()
  assert.deepEqual(
    tables.map((row) => row.name),
    ['notes'],
  )
  after.close()
})

test('the program refuses a file that is no database', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'letter.txt')
  writeFileSync(path, 'Dear reader, '.repeat(100))
  await refuses({ DATABASE_URL: `sqlite:${path}` }, /letter\.txt/)
})

test('the program refuses a file that another cart service has open', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  await using holder = await openSqliteStore(path)
  await refuses({ DATABASE_URL: `sqlite:${path}` }, /cart\.db is in use by another cart service/)
  await holder.check()
})

test('the program does not start with a database path that cannot be written, and names it', async () => {
  using folder = openFolder()
  const file = join(folder.path, 'file')
  writeFileSync(file, '')
  await refuses({ DATABASE_URL: `sqlite:${file}/cart.db` }, /file\/cart\.db/)
  await refuses({ DATABASE_URL: 'sqlite:/dev/null/cart.db' }, /\/dev\/null\/cart\.db/)
  const directory = join(folder.path, 'directory')
  mkdirSync(directory)
  await refuses({ DATABASE_URL: `sqlite:${directory}` }, /directory/)
})

test('with --help the program prints every setting with its default, and starts nothing', async () => {
  const { code, stdout, complaints } = await runMain({ APP_PORT: 'nonsense' }, { args: ['--help'] })
  assert.deepEqual([code, complaints], [0, []])
  for (const { name, fallback, about } of Object.values(settings)) {
    assert.ok(stdout.includes(`  ${name}${fallback === '' ? '' : ` (${fallback})`}\n`), name)
    assert.ok(stdout.includes(about), name)
  }
})

test('a .env file is read; a password in it does not reach the log', async () => {
  using folder = openFolder()
  const env = 'RESERVATION_SERVICE_URL=http://cart:hunter2@127.0.0.1:9\nLOG_LEVEL=trace\n'
  writeFileSync(join(folder.path, '.env'), env)
  const { code, stdout, complaints } = await runMain({}, { cwd: folder.path, until: '"listening"' })
  assert.equal(code, 0, complaints.join('\n'))
  assert.match(stdout, /"msg":"stopped"/)
  assert.doesNotMatch(stdout + complaints.join('\n'), /hunter2/)
})
