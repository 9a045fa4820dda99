// Databases that cannot be used: refused with a reason in one line. A server that is unavailable is waited for.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnusableDatabaseError } from '../../../src/adapters/stores/postgres/open.ts'
import { isRefused } from '../../application/handler.ts'
import {
  openDatabase,
  type PostgresServer,
  postgresProgramsAreMissing,
  startPostgres,
} from '../../support/server-postgres.ts'
import {
  ada,
  buildFullChange,
  everyPart,
  mustCommit,
  partsIn,
} from '../../support/store-changes.ts'
import { openSession, openStoreOf } from '../../support/store-databases.ts'
import { until } from '../../support/store-processes.ts'

let server: PostgresServer

const refusalOf = async (
  url: string,
  differently: Parameters<typeof openStoreOf>[1] = {},
): Promise<string> => {
  const error = await openStoreOf(url, differently).then(
    async (store) => {
      await store[Symbol.asyncDispose]()
      return null
    },
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof UnusableDatabaseError, `refused with ${error}`)
  assert.doesNotMatch(error.message, /\n|undefined|\[object/)
  const { password } = new URL(url)
  assert.ok(!error.message.includes(password), 'the password is not in the message')
  return error.message
}

const change = (url: string, parts: Partial<URL>): string => Object.assign(new URL(url), parts).href

const ask = async (url: string, sql: string) => {
  await using session = await openSession(url)
  return await session.ask(sql)
}

/** A fresh database, migrated, and a statement on it. */
const openMigrated = async () => {
  const database = await openDatabase(server.url)
  const store = await openStoreOf(database.url)
  await store[Symbol.asyncDispose]()
  return { ...database, ask: (sql: string) => ask(database.url, sql) }
}

describe('a PostgreSQL database', { skip: postgresProgramsAreMissing() }, () => {
  before(async () => {
    server = await startPostgres()
  })
  after(() => server[Symbol.asyncDispose]())

  refusals()
  schemas()
  outages()
})

function refusals() {
  test('is refused when the password is wrong', async () => {
    const url = change(server.url, { password: 'a-wrong-one' })
    const message = await refusalOf(url)
    assert.match(message, /password authentication failed for user "postgres"; check the URL/)
  })

  test('is refused when it does not exist', async () => {
    const message = await refusalOf(change(server.url, { pathname: '/nowhere' }))
    assert.match(message, /database "nowhere" does not exist; check the URL/)
  })

  test('is refused when its user may not create tables, or may not use them', async () => {
    await using database = await openMigrated()
    await using empty = await openDatabase(server.url)
    await database.ask(`create role nobody_special login password 'secret'`)
    const role = { username: 'nobody_special', password: 'secret' }
    assert.match(await refusalOf(change(empty.url, role)), /permission denied/)
    for (const migrate of ['on', 'off'] as const) {
      assert.match(await refusalOf(change(database.url, role), { migrate }), /permission denied/)
    }
  })

  test('is refused while it is empty and its migration is left to another program', async () => {
    await using database = await openDatabase(server.url)
    const message = await refusalOf(database.url, { migrate: 'off' })
    assert.match(message, /lacks 001-\S+\.sql.*npm run migrate/)
    assert.deepEqual(
      await ask(database.url, `select 1 from pg_tables where schemaname = 'public'`),
      [],
    )
    await using store = await openStoreOf(database.url)
    await using other = await openStoreOf(database.url, { migrate: 'off' })
    await mustCommit(store, buildFullChange('a'))
    assert.deepEqual(await partsIn(other, 'a'), everyPart)
  })

  test('fails the check of its store, and every write, when it takes no writes', async () => {
    await using database = await openMigrated()
    const name = new URL(database.url).pathname.slice(1)
    await database.ask(`alter database ${name} set default_transaction_read_only = on`)
    await using store = await openStoreOf(database.url, { migrate: 'off' })
    await assert.rejects(store.check(), /takes no writes/)
    await assert.rejects(store.commit(buildFullChange('a')), isRefused('store-unavailable'))
    assert.equal((await store.load(ada, [])).cart.revision, 0)
  })
}

function schemas() {
  const insert = (number: number, runsWith: number) =>
    `insert into migrations (number, name, checksum, runs_with)
     values (${number}, '${number}-x.sql', 'x', ${runsWith})`

  test('is used after a newer version whose schema still runs with this one', async () => {
    await using database = await openMigrated()
    await database.ask(insert(999, 1))
    for (const migrate of ['on', 'off'] as const) {
      await using store = await openStoreOf(database.url, { migrate })
      await store.check()
    }
  })

  test('is refused after a newer version whose schema needs a newer service', async () => {
    await using database = await openMigrated()
    await database.ask(insert(999, 999))
    for (const migrate of ['on', 'off'] as const) {
      const message = await refusalOf(database.url, { migrate })
      assert.match(message, /newer version.*needs schema 999, this version knows \d+; start/)
    }
  })

  test('is refused when it has another version of a migration', async () => {
    await using database = await openMigrated()
    await database.ask(`update migrations set checksum = 'other' where number = 1`)
    for (const migrate of ['on', 'off'] as const) {
      const message = await refusalOf(database.url, { migrate })
      assert.match(message, /another version of migration 001-\S+\.sql; restore that file/)
    }
  })

  test('is migrated once by any number of stores that open it at once', async () => {
    await using database = await openDatabase(server.url)
    const { url } = database
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStoreOf(url)))
    const numbers = await ask(url, 'select number from migrations order by number')
    assert.equal(new Set(numbers.flat()).size, numbers.length)
    for (const [on, store] of stores.entries()) {
      await mustCommit(store, buildFullChange(`a${on}`, { on }))
    }
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
  })
}

function outages() {
  test('is waited for while its server is unavailable, and calls are refused meanwhile', async () => {
    await using database = await openDatabase(server.url)
    await server.stop()
    const troubles: unknown[] = []
    let notified = 0
    await using store = await openStoreOf(database.url, {
      onTrouble: (error) => troubles.push(error),
      onJobs: () => {
        notified += 1
      },
    })
    await assert.rejects(store.check())
    await assert.rejects(store.load(ada, []), isRefused('store-unavailable'))
    await assert.rejects(store.commit(buildFullChange('a')), isRefused('store-unavailable'))
    await server.start()
    await until('it is there', () =>
      store
        .check()
        .then(() => true)
        .catch(() => false),
    )
    await mustCommit(store, buildFullChange('a'))
    assert.deepEqual(await partsIn(store, 'a'), everyPart)
    assert.equal(store.durability, 'durable')
    assert.equal(troubles.length, 1)
    await until('it is notified of jobs', () => notified > 0)
  })

  test('gets no further connection attempt once its store is closed while its server hangs', async () => {
    await using database = await openDatabase(server.url)
    await server.freeze()
    await using _ = { [Symbol.asyncDispose]: server.thaw }
    let troubles = 0
    const store = await openStoreOf(database.url, {
      bounds: { connectMs: 200, statementMs: 200, answerMs: 200, lockMs: 200 },
      onTrouble: () => {
        troubles += 1
      },
    })
    // It tries again after a second, and then waits for 200 ms.
    await sleep(1_100)
    await store[Symbol.asyncDispose]()
    await sleep(1_500)
    assert.equal(troubles, 1)
  })
}
