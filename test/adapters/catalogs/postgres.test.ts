// The catalog in PostgreSQL: its tables, which people may write to, and a server that is unavailable.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgresWriter } from '../../../src/adapters/catalogs/postgres.ts'
import {
  openDatabase,
  postgresIsMissing,
  postgresProgramsAreMissing,
  startPostgres,
} from '../../support/server-postgres.ts'
import { openSession } from '../../support/store-databases.ts'
import { until } from '../../support/store-processes.ts'
import { findDeadUrl } from '../reservations/odd-service.ts'
import { isCartError } from './is-cart-error.ts'
import { openCatalogIn } from './tables.ts'

const open = (url: string, differently: Parameters<typeof openCatalogIn>[1] = {}) =>
  openCatalogIn({ kind: 'postgres', url }, { keepMs: 0, ...differently })

const skip = postgresIsMissing()

test('the tables of reference 002 are read as they are, to the cent', { skip }, async () => {
  await using database = await openDatabase()
  await using session = await openSession(database.url)
  await session.ask('create table users (id varchar primary key)')
  await session.ask('create table products (id varchar primary key, price double precision)')
  await session.ask(`insert into users values ('user123')`)
  await session.ask(`insert into products values ('L9ECAV7KIM', 19.99), ('a', 0.1), ('b', 1.15),
    ('c', 1e2), ('d', 0.1::float8 + 0.2::float8), ('e', 7), ('f', null)`)
  await using catalog = await open(database.url)
  const found = await catalog.findProducts(['L9ECAV7KIM', 'a', 'b', 'c', 'd', 'e', 'f'])
  const amounts = [...found].map(([id, { price }]) => [id, price?.amount])
  assert.deepEqual(Object.fromEntries(amounts), {
    ...{ L9ECAV7KIM: 1_999, a: 10, b: 115, c: 10_000, d: 30, e: 700, f: undefined },
  })
  assert.deepEqual(await Promise.all(['user123', 'eve'].map(catalog.hasUser)), [true, false])
  const price = { amount: 2_599, currency: 'EUR' }
  const rows = [
    { id: 'a', name: 'Ahorn', price },
    { id: 'b', name: null, price: { amount: 115, currency: 'USD' } },
  ]
  for (const changed of [2, 0]) {
    await using writer = await openPostgresWriter(database.url)
    await writer.stageProducts(rows)
    const { products } = await writer.apply(['products'], 'kept')
    assert.deepEqual([products.added, products.changed, products.removed], [0, changed, 0])
  }
  assert.deepEqual((await catalog.findProducts(['a'])).get('a'), {
    id: 'a',
    name: 'Ahorn',
    price,
  })
})

test('rows that people write are read as written, and the tables refuse invalid prices', {
  skip,
}, async () => {
  await using database = await openDatabase()
  await using session = await openSession(database.url)
  await using catalog = await open(database.url)
  await session.ask(`insert into products values ('lamp', 'Lamp', 12.9, 'EUR'), ('tea', null, 1.150, null),
    ('ring', 'Ring', 1.2345, 'EUR')`)
  const found = await catalog.findProducts(['lamp', 'tea', 'ring'])
  assert.deepEqual(found.get('lamp')?.price, { amount: 1_290, currency: 'EUR' })
  assert.deepEqual(found.get('tea')?.price, { amount: 115, currency: 'USD' })
  assert.deepEqual(found.get('ring'), { id: 'ring', name: null, price: null })
  assert.match(catalog.troubles.join(), /"ring" cannot be read: the price .* "1\.2345"/)
  for (const row of [`'a', null, -1`, `'a', null, 'NaN'`, `'a', null, 1, 'eur'`]) {
    await assert.rejects(session.ask(`insert into products values (${row})`), /constraint/, row)
  }
})

test('many processes can create the tables at once', { skip }, async () => {
  await using database = await openDatabase()
  const catalogs = await Promise.all(Array.from({ length: 8 }, () => open(database.url)))
  for (const catalog of catalogs) {
    await catalog.check()
    assert.deepEqual(catalog.troubles, [])
    await catalog[Symbol.asyncDispose]()
  }
})

test('the catalog works without named statements, as behind a pooler', { skip }, async () => {
  await using database = await openDatabase()
  await using catalog = await open(database.url, { statements: 'unnamed' })
  assert.equal((await catalog.findProducts(['lamp'])).size, 0)
  assert.equal(await catalog.hasUser('ada'), true)
})

test('the result of a look-up is cached for the configured time', { skip }, async () => {
  await using database = await openDatabase()
  await using session = await openSession(database.url)
  await using catalog = await open(database.url, { keepMs: 300 })
  assert.equal((await catalog.findProducts(['lamp', 'tea'])).size, 0)
  assert.equal(await catalog.hasUser('eve'), true)
  await session.ask(`insert into products values ('lamp', 'Lamp')`)
  await session.ask(`insert into users values ('ada')`)
  assert.equal((await catalog.findProducts(['lamp', 'tea'])).size, 0)
  assert.equal(await catalog.hasUser('eve'), true)
  await sleep(320)
  assert.equal((await catalog.findProducts(['lamp', 'tea'])).size, 1)
  assert.equal(await catalog.hasUser('eve'), false)
  await session.ask('delete from products')
  assert.deepEqual([...(await catalog.findProducts(['lamp', 'tea'])).keys()], ['lamp'])
})

test('imports at the same time are applied one after the other', { skip }, async () => {
  await using database = await openDatabase()
  const importOnce = async (name: string) => {
    await using writer = await openPostgresWriter(database.url)
    const rows = Array.from({ length: 2_000 }, (_, row) => ({ id: `p${row}`, name, price: null }))
    await writer.stageProducts(rows)
    await writer.apply(['products'], 'removed')
  }
  await Promise.all(['a', 'b', 'c', 'd'].map(importOnce))
  await using session = await openSession(database.url)
  const rows = await session.ask('select name, count(*)::integer from products group by name')
  assert.equal(rows.length, 1)
  assert.equal(rows[0]?.[1], 2_000)
})

test('a server that is unavailable at the start is reported, and look-ups are refused', async () => {
  const { port } = await findDeadUrl()
  await using catalog = await open(`postgresql://x:y@127.0.0.1:${port}/cart`)
  assert.match(catalog.troubles.join(), /ECONNREFUSED/)
  await assert.rejects(catalog.findProducts(['lamp']), isCartError(/ECONNREFUSED/))
  await assert.rejects(catalog.hasUser('ada'), isCartError(/ECONNREFUSED/))
  assert.equal(await catalog.peekProducts(['lamp']), null)
  await assert.rejects(catalog.check(), /ECONNREFUSED/)
  assert.equal((await catalog.findProducts([])).size, 0)
})

test('look-ups are refused while the server is stopped or hangs, and work again afterwards', {
  skip: postgresProgramsAreMissing(),
}, async () => {
  await using server = await startPostgres()
  await using catalog = await open(server.url, { timeoutMs: 1_000 })
  await catalog.check()
  await server.stop()
  await assert.rejects(catalog.findProducts(['lamp']), isCartError(/./))
  await server.start()
  await until('it answers again', async () => (await catalog.peekProducts(['lamp'])) !== null)
  await catalog.check()
  await server.freeze()
  const startedAt = performance.now()
  assert.equal(await catalog.peekProducts(['lamp']), null)
  assert.ok(performance.now() - startedAt < 900)
  await assert.rejects(catalog.findProducts(['lamp']), isCartError(/timeout/))
  await assert.rejects(catalog.hasUser('ada'), isCartError(/timeout/))
  assert.ok(performance.now() - startedAt < 6_000)
  await server.thaw()
  await until('it answers again', async () => (await catalog.peekProducts(['lamp'])) !== null)
})
