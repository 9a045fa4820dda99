// The servers that tests use: what they promise to a test, and that nothing is left of them, whatever ends
// the process that started them.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { Client, type ClientConfig } from 'pg'
import { openFolder, type Program, startProgram, until, within } from './support/process-program.ts'
import {
  openDatabase,
  postgresIsMissing,
  postgresProgramsAreMissing,
  startPostgres,
} from './support/server-postgres.ts'
import {
  openKeyspace,
  redisIsMissing,
  redisProgramIsMissing,
  startRedis,
} from './support/server-redis.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const query = async (config: ClientConfig, sql: string): Promise<readonly unknown[]> => {
  const client = new Client(config)
  // A connection that breaks also fails the query, which is where it is noticed.
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    // There is none, or not one of ours.
    return false
  }
}

const connectRedis = (url: string) => {
  const redis = new Redis(url)
  return Object.assign(redis, { [Symbol.dispose]: () => redis.disconnect() })
}

test('a database for a test is fresh, in UTF-8, sorted by bytes, and dropped at the end', {
  skip: postgresIsMissing(),
}, async () => {
  await using first = await openDatabase()
  const { url } = await (async () => {
    await using second = await openDatabase()
    assert.notEqual(second.url, first.url)
    await query({ connectionString: second.url }, 'create table t (n int)')
    const sql = `select pg_encoding_to_char(encoding), datcollate, datctype from pg_database
      where datname = current_database()`
    assert.deepEqual(await query({ connectionString: second.url }, sql), ['UTF8', 'C', 'C'])
    return second
  })()
  await assert.rejects(query({ connectionString: url }, 'select 1'), { code: '3D000' })
  await assert.rejects(query({ connectionString: first.url }, 'select * from t'), { code: '42P01' })
})

test('PostgreSQL keeps what was committed over a kill, stops and restarts', {
  skip: postgresProgramsAreMissing(),
}, async () => {
  await using server = await startPostgres()
  const config = { connectionString: server.url }
  assert.deepEqual(await query(config, 'show fsync'), ['on'])
  assert.deepEqual(await query(config, 'show max_connections'), ['200'])
  await query(config, 'create table t (n int)')
  const changes = [
    async () => {
      await server.kill()
      await assert.rejects(query(config, 'select 1'), { code: 'ECONNREFUSED' })
      await server.start()
    },
    () => server.restart(),
    () => server.restart('immediate'),
  ]
  for (const [n, change] of changes.entries()) {
    await query(config, `insert into t values (${n})`)
    await change()
  }
  assert.deepEqual(await query(config, 'select n from t order by n'), [0, 1, 2])
  const { port, password } = new URL(server.url)
  const bySocket = { host: server.socketFolder, port: Number(port), user: 'postgres', password }
  assert.deepEqual(await query(bySocket, 'select count(*)::int from t'), [3])
})

test('a kill of PostgreSQL ends a statement that would run for ever', {
  skip: postgresProgramsAreMissing(),
}, async () => {
  await using server = await startPostgres()
  const config = { connectionString: server.url }
  // Never waits, so it does not notice by itself that its server is gone, and would hold the connection.
  const endless = query(
    { ...config, statement_timeout: 60_000 },
    'do $$ begin loop end loop; end $$',
  )
  const find = "select pid from pg_stat_activity where query like 'do %' and state = 'active'"
  await until('the statement runs', async () => (await query(config, find))[0])
  const end = Promise.all([assert.rejects(endless), server.kill()])
  await within('the end of the statement', end, 10_000)
})

test('the keys of a test are deleted at its end, and no others', {
  skip: redisIsMissing(),
}, async () => {
  await using other = await openKeyspace()
  using redis = connectRedis(other.url)
  await redis.set(`${other.prefix}key`, 'stays')
  const { prefix } = await (async () => {
    await using keyspace = await openKeyspace()
    for (let n = 0; n < 1_500; n += 1) void redis.set(`${keyspace.prefix}${n}`, 'x')
    assert.equal((await redis.keys(`${keyspace.prefix}*`)).length, 1_500)
    return keyspace
  })()
  assert.deepEqual(await redis.keys(`${prefix}*`), [])
  assert.equal(await redis.get(`${other.prefix}key`), 'stays')
})

for (const persistence of [true, false]) {
  test(`Redis ${persistence ? 'keeps' : 'loses'} its keys over a kill with persistence ${persistence}`, {
    skip: redisProgramIsMissing(),
  }, async () => {
    await using server = await startRedis({ persistence })
    using redis = connectRedis(server.url)
    // While the server is down, the client reports it and tries again.
    redis.on('error', () => {})
    await redis.set('key', 'value')
    await server.kill()
    await server.start()
    assert.equal(await redis.get('key'), persistence ? 'value' : null)
    await redis.set('key', 'value')
    await server.restart()
    assert.equal(await redis.get('key'), persistence ? 'value' : null)
    await server.flushAll()
    assert.deepEqual(await redis.keys('*'), [])
  })
}

test('the reason of a skipped test names what to install and what to set', async () => {
  const script = `
    import { redisIsMissing } from './test/support/server-redis.ts'
    import { postgresIsMissing } from './test/support/server-postgres.ts'
    console.log(redisIsMissing())
    process.env.TEST_REDIS_URL = 'redis://server.example'
    process.env.TEST_DATABASE_URL = 'postgresql://server.example'
    console.log(redisIsMissing(), postgresIsMissing())`
  const args = ['--input-type=module-typescript', '--eval', script]
  await using program = startProgram({ args, env: { PATH: '' }, cwd: root })
  await program.ended
  const [reason = '', given] = program.stdout().split('\n')
  assert.match(reason, /redis-server or valkey-server.*TEST_REDIS_URL/)
  assert.equal(given, 'false false')
})

// What follows starts servers in processes that are ended, with a folder of their own for temporary files.
const skip = postgresProgramsAreMissing() || redisProgramIsMissing()

const openTmp = () => {
  const folder = openFolder()
  // PostgreSQL may run as another user.
  chmodSync(folder.path, 0o711)
  return folder
}

const pidsIn = (tmp: string): readonly number[] =>
  readdirSync(tmp).flatMap((name) => {
    const file = join(tmp, name, 'data', 'postmaster.pid')
    return existsSync(file) ? [Number.parseInt(readFileSync(file, 'utf8'), 10)] : []
  })

const startOwner = (tmp: string): Program => {
  const script = `
    import { startRedis } from './test/support/server-redis.ts'
    import { startPostgres } from './test/support/server-postgres.ts'
    const servers = await Promise.all([startPostgres(), startRedis()])
    console.log('ready')
    setInterval(() => {}, 1_000)`
  const args = ['--input-type=module-typescript', '--eval', script]
  // A terminal's Ctrl-C reaches the whole group.
  return startProgram({ args, env: { TMPDIR: tmp }, cwd: root, signals: 'group' })
}

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
  test(`no server and no folder outlive a process that ends with ${signal}`, { skip }, async () => {
    using tmp = openTmp()
    await using owner = startOwner(tmp.path)
    await until('the servers run', () => owner.stdout().includes('ready'), { withinMs: 60_000 })
    const [pid = 0] = pidsIn(tmp.path)
    assert.ok(isAlive(pid))
    assert.equal(readdirSync(tmp.path).length, 2)
    owner.signal(signal)
    assert.equal((await owner.ended).signal, signal)
    await until('the folders are gone', () => readdirSync(tmp.path).length === 0)
    assert.equal(isAlive(pid), false)
  })
}

test('no server and no folder outlive a process that is killed while it starts them', {
  skip,
}, async () => {
  for (const delayMs of [0, 100, 300]) {
    using tmp = openTmp()
    await using owner = startOwner(tmp.path)
    await until('it has begun', () => readdirSync(tmp.path).length > 0)
    await sleep(delayMs)
    await owner.kill()
    await until('the folders are gone', () => readdirSync(tmp.path).length === 0)
  }
})

const startRun = (tmp: string, body: string): Program => {
  const file = join(tmp, 'given.test.ts')
  // Its text names postgres and redis, which makes the run start both, and no other server.
  const text = `
    import { writeFileSync } from 'node:fs'
    import { test } from 'node:test'
    const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env
    test('a run has URLs for postgres and redis', async () => { ${body} })`
  writeFileSync(file, text)
  const args = [join(root, 'scripts/test.ts'), file]
  return startProgram({ args, env: { TMPDIR: tmp }, cwd: root, signals: 'group' })
}

const isLeft = (tmp: string) => readdirSync(tmp).some((name) => name.startsWith('cart-'))

test('a run of the tests has one server of each kind, until its end', { skip }, async () => {
  using tmp = openTmp()
  const urls = join(tmp.path, 'urls')
  const body = `writeFileSync(${JSON.stringify(urls)}, [TEST_DATABASE_URL, TEST_REDIS_URL].join())`
  await using run = startRun(tmp.path, body)
  assert.deepEqual(await run.ended, { code: 0, signal: null }, run.stdout())
  assert.match(readFileSync(urls, 'utf8'), /^postgresql:\/\/\S+,redis:\/\/\S+$/)
  assert.equal(isLeft(tmp.path), false)
})

test('a run of the tests that is interrupted leaves no server', { skip }, async () => {
  using tmp = openTmp()
  const started = join(tmp.path, 'started')
  const body = `writeFileSync(${JSON.stringify(started)}, ''); await new Promise((end) => setTimeout(end, 60_000))`
  await using run = startRun(tmp.path, body)
  await until('the test runs', () => existsSync(started), { withinMs: 60_000 })
  assert.equal(isLeft(tmp.path), true)
  run.signal('SIGINT')
  assert.equal((await run.ended).code, 1)
  await until('the folders are gone', () => !isLeft(tmp.path))
})
