// A database as the version before migration 002 left it: opened by this one, it has the same carts, history,
// jobs and answers.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import Fastify from 'fastify'
import { sendChanged } from '../../../src/adapters/http/answers/send-changed.ts'
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open.ts'
import type { CartId } from '../../../src/domain/ids.ts'
import type { Answer, Job, JournalEntry, Store } from '../../../src/ports/store.ts'
import { openDatabase, postgresIsMissing } from '../../support/server-postgres.ts'
import {
  ada,
  buildFullChange,
  buildItem,
  buildReserved,
  everyPart,
  mustCommit,
  noon,
  partsIn,
  toHold,
  toItemId,
  toKey,
} from '../../support/store-changes.ts'
import { openSession, openStoreOf } from '../../support/store-databases.ts'
import { openFolder } from '../../support/store-folders.ts'

type Fields = Readonly<Record<string, string | number | null>>
type Insert = (table: string, fields: Fields) => unknown

const odd = "a'da/ü |" as CartId

const json = 'application/json; charset=utf-8'
const itemId = '0mw8kq2v4f1c9a7b3e00001'

/** As the previous version wrote them, and what this one is to make of them. */
const answers: readonly {
  readonly cartId: CartId
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly expected: Answer
}[] = [
  {
    cartId: ada,
    status: 201,
    headers: {
      'content-type': json,
      etag: '"3.7"',
      location: `/v1/cart/ada/items/${itemId}`,
    },
    body: '{"user_id":"ada","version":3,"revision":7,"items":[{"name":"Tee «ü» 日本"}]}',
    expected: toExpected('whole', { version: 3, revision: 7, itemId: toItemId(itemId) }),
  },
  {
    cartId: ada,
    status: 201,
    headers: {
      'content-type': json,
      etag: '"4.8"',
      location: `/v1/cart/ada/items/${itemId}-0002`,
      'preference-applied': 'return=minimal',
    },
    body: '{"user_id":"ada","version":4,"revision":8}',
    expected: toExpected('minimal', {
      ...{ version: 4, revision: 8, itemId: toItemId(`${itemId}-0002`), form: 'minimal' },
    }),
  },
  {
    cartId: ada,
    status: 200,
    headers: {
      'content-type': json,
      etag: '"5.12"',
      'preference-applied': 'return=minimal',
    },
    body: '{"user_id":"ada","version":5,"revision":12}',
    expected: toExpected('minimal, not about a new item', {
      ...{ version: 5, revision: 12, form: 'minimal' },
    }),
  },
  {
    cartId: ada,
    status: 204,
    headers: { etag: '"10.100"' },
    body: '',
    expected: toExpected('empty', { version: 10, revision: 100, form: null, text: null }),
  },
  {
    cartId: ada,
    status: 201,
    // Of reference 004.
    headers: { 'content-type': json, etag: '"9007199254740990.9007199254740991"' },
    body: '{"id":"r1","name":"tea","quantity":2,"status":"PENDING"}',
    expected: toExpected('of a reference', {
      ...{ version: 9_007_199_254_740_990, revision: 9_007_199_254_740_991 },
    }),
  },
  {
    cartId: odd,
    status: 201,
    headers: {
      'content-type': json,
      etag: '"1.1"',
      location: `/v1/cart/${encodeURIComponent(odd)}/items/${itemId}`,
    },
    body: '{"user_id":"odd"}',
    expected: toExpected('whole', { itemId: toItemId(itemId) }),
  },
].map((answer, index) => {
  const { body, expected } = answer
  return { ...answer, expected: { ...expected, text: body || null, at: noon + index } }
})

function toExpected(key: string, differently: Partial<Answer>): Answer {
  const known = { caller: 'anonymous', key, fingerprint: `fingerprint of ${key}` }
  const rest = { version: 1, revision: 1, itemId: null, form: 'cart', text: null, at: noon }
  return { ...known, ...rest, ...differently }
}

const tea = toItemId('tea')
const r1 = toKey('r1')

const entries: readonly JournalEntry[] = [
  {
    revision: 1,
    position: 0,
    version: 1,
    actor: 'anonymous',
    event: {
      type: 'item-added',
      at: noon,
      itemId: tea,
      productId: 'product of tea',
      name: null,
      attributes: { size: 'L' },
      attributesKey: '{"size":"L"}',
      quantity: 2,
      requested: { key: r1, quantity: 2, status: 'pending', replaces: null },
    },
  },
  ...[0, 1].map(
    (position): JournalEntry => ({
      revision: 2,
      position,
      version: 1,
      actor: 'worker',
      event: { type: 'reservation-withdrawn', at: noon + 1, key: toKey(`w${position}`) },
    }),
  ),
]

const state = { cartId: ada, itemId: tea, quantity: 2, createdAt: noon, unknownAt: noon + 3 }
const jobs: readonly Job[] = [
  {
    ...{ id: 'r1', kind: 'reserve', key: r1, productId: 'tea', ...state },
    ...{ dueAt: noon + 5, attempts: 3, lastError: 'reset', buriedAt: null },
  },
  {
    ...{ id: 'r2.release', kind: 'release', key: toKey('r2'), holdId: toHold('h2'), ...state },
    ...{ dueAt: noon, attempts: 9, lastError: 'given up', buriedAt: noon + 4 },
  },
]

const item = buildItem('tea', {
  quantity: 2,
  reservations: [buildReserved('r0', { quantity: 2, wanted: 2 })],
})
const counters = { version: 5, revision: 12, createdAt: noon, updatedAt: noon + 9 }

/** What both databases had in tables of the same columns. */
const fill = async (insert: Insert): Promise<void> => {
  for (const { cartId, status, headers, body, expected } of answers) {
    const { caller, key, fingerprint, at } = expected
    const known = { cart_id: cartId, caller, key, fingerprint, at }
    await insert('answers', { ...known, status, headers: JSON.stringify(headers), body })
  }
  for (const { revision, position, version, actor, event } of entries) {
    const { type, at, ...fields } = event
    const data = JSON.stringify({ ...fields, attributesKey: undefined })
    const about = { cart_id: ada, revision, place: position, version, actor }
    await insert('journal', { ...about, type, at, data, published_at: at })
  }
  for (const job of jobs) {
    await insert('jobs', {
      ...{ id: job.id, kind: job.kind, key: job.key, cart_id: job.cartId, item_id: job.itemId },
      product_id: job.kind === 'release' ? '' : job.productId,
      hold_id: job.kind === 'release' ? job.holdId : null,
      ...{ quantity: job.quantity, created_at: job.createdAt, due_at: job.dueAt },
      ...{ attempts: job.attempts, unknown_at: job.unknownAt, last_error: job.lastError },
      buried_at: job.buriedAt,
    })
  }
}

const line = {
  ...{ user_id: ada, product_id: item.productId, item_id: item.id, quantity: 2, name: null },
  reservations: `[["r0",2,2,"reserved",${noon},${noon},1,"hold of r0",null,null,false]]`,
  updated_at: noon,
}
const head = { user_id: ada, version: 5, revision: 12, created_at: noon, updated_at: noon + 9 }

/** The SQL of the migration, and the row that records that it was applied. */
const readFirst = (store: 'sqlite' | 'postgres') => {
  const name = '001-carts.sql'
  const folder = new URL(`../../../src/adapters/stores/${store}/migrations/`, import.meta.url)
  const sql = readFileSync(new URL(name, folder), 'utf8')
  return { sql, row: { number: 1, name, checksum: createHash('sha256').update(sql).digest('hex') } }
}

const toInsert = (table: string, fields: Fields, toPlaceholder: (index: number) => string) =>
  `insert into ${table} (${Object.keys(fields).join(', ')})
   values (${Object.keys(fields)
     .map((_, index) => toPlaceholder(index))
     .join(', ')})`

/** A file of the previous version. */
const makeFile = async (folder: string): Promise<string> => {
  const path = join(folder, 'cart.db')
  const database = new DatabaseSync(path)
  const { sql, row } = readFirst('sqlite')
  database.exec(`pragma application_id = ${0x43415254};
    create table migrations (
      number integer not null primary key, name text not null,
      checksum text not null, applied_at text not null
    ) strict`)
  database.exec(sql)
  const insert: Insert = (table, fields) =>
    database.prepare(toInsert(table, fields, () => '?')).run(...Object.values(fields))
  insert('migrations', { ...row, applied_at: '2026-01-01T00:00:00.000Z' })
  insert('cart_rows', { ...head, product_id: '', attributes: '', departing: 0 })
  insert('cart_rows', { ...line, attributes: '{}', created_at: noon })
  await fill(insert)
  database.close()
  return path
}

/** A database of the previous version. */
const makeDatabase = async () => {
  const database = await openDatabase()
  await using session = await openSession(database.url)
  const { sql, row } = readFirst('postgres')
  // Several statements, which go without values only.
  for (const statement of sql.split(/;\n/)) await session.ask(statement)
  await session.ask(`create table migrations (
    number integer primary key, name text not null, checksum text not null,
    runs_with integer not null, applied_at timestamptz not null default now())`)
  const insert: Insert = (table, fields) =>
    session.ask(
      toInsert(table, fields, (index) => `$${index + 1}`),
      Object.values(fields),
    )
  await insert('migrations', { ...row, runs_with: 1 })
  await insert('carts', head)
  await insert('cart_items', { ...line, attributes: '{}', attributes_hash: '', added_at: noon })
  await fill(insert)
  return database
}

const assertSame = async (store: Store): Promise<void> => {
  const whole = { id: ada, ...counters, items: [item], departing: [] }
  assert.deepEqual((await store.load(ada, [])).cart, whole)
  assert.deepEqual(await store.readJournal(ada, 0, 100), entries)
  assert.deepEqual(await store.readJournal(ada, 1, 100), entries.slice(1))
  for (const job of jobs) assert.deepEqual(await store.findJob(job.id), job)
  for (const cartId of [ada, odd]) {
    const expected = answers.filter((each) => each.cartId === cartId).map((each) => each.expected)
    const { answers: kept } = await store.load(cartId, expected)
    assert.deepEqual(
      kept.toSorted((a, b) => a.at - b.at),
      expected,
    )
  }
}

/** What was there is kept, and the database can be written to. */
const assertGoesOn = async (store: Store): Promise<void> => {
  const on = counters.revision
  const used = buildFullChange('used', { on })
  const [first] = answers
  assert.ok(first)
  assert.equal(await store.commit({ ...used, answers: [first.expected] }), 'conflict')
  await mustCommit(store, buildFullChange('next', { on }))
  assert.deepEqual(await partsIn(store, 'next'), everyPart)
  const claimed = await store.claimJobs({ workerId: 'w', now: noon + 5, limit: 10 })
  assert.deepEqual(
    claimed.map(({ id }) => id),
    ['job-next', 'r1'],
  )
  const oldest = { answersBefore: noon + 1, journalBefore: 0, limit: 1 }
  assert.equal(await store.sweep(oldest), 1)
  assert.deepEqual((await store.load(ada, [first.expected])).answers, [])
}

// A key of a caller is still used once in a cart, also by other programs.
const everyAnswerAgain = 'insert into answers select * from answers'

describe('a SQLite file of the previous version', () => {
  test('opens with all that was in it', async () => {
    using folder = openFolder()
    const path = await makeFile(folder.path)
    {
      await using store = await openSqliteStore(path)
      await assertSame(store)
    }
    const file = new DatabaseSync(path)
    assert.throws(() => file.exec(everyAnswerAgain), /UNIQUE/)
    file.close()
    await using again = await openSqliteStore(path)
    await assertSame(again)
    await assertGoesOn(again)
  })

  test('is refused and left as it was when it cannot be migrated', async () => {
    using folder = openFolder()
    const path = await makeFile(folder.path)
    const change = (sql: string) => {
      const database = new DatabaseSync(path)
      database.exec(sql)
      database.close()
    }
    // Without an entity tag the revision of the answer is unknown.
    change(`update answers set headers = '{}' where key = 'empty'`)
    await assert.rejects(openSqliteStore(path), /cart database/)
    change(`update answers set headers = '{"etag":"\\"10.100\\""}' where key = 'empty'`)
    await using store = await openSqliteStore(path)
    await assertSame(store)
  })
})

describe('a PostgreSQL database of the previous version', { skip: postgresIsMissing() }, () => {
  test('opens with all that was in it', async () => {
    await using database = await makeDatabase()
    {
      await using store = await openStoreOf(database.url)
      await assertSame(store)
    }
    await using session = await openSession(database.url)
    await assert.rejects(session.ask(everyAnswerAgain), /duplicate key/)
    await using again = await openStoreOf(database.url, { migrate: 'off' })
    await assertSame(again)
    await assertGoesOn(again)
  })

  test('is refused while its migration is left to another program', async () => {
    await using database = await makeDatabase()
    const asked = openStoreOf(database.url, { migrate: 'off' })
    await assert.rejects(asked, /lacks 002-answers\.sql; run `npm run migrate`/)
  })
})

test('a repeat of a request to the previous version is answered with the same headers', async () => {
  using folder = openFolder()
  await using store = await openSqliteStore(await makeFile(folder.path))
  for (const { cartId, status, headers, body, expected } of answers) {
    const [kept] = (await store.load(cartId, [expected])).answers
    assert.ok(kept)
    const app = Fastify()
    app.get('/', (_request, reply) =>
      sendChanged(reply, cartId, status, { kind: 'changed', isRepeat: true, ...kept }),
    )
    const answer = await app.inject('/')
    await app.close()
    const names = ['content-type', 'etag', 'location', 'preference-applied']
    const sent = names.flatMap((name) => {
      const value = answer.headers[name]
      return value === undefined ? [] : [[name, value]]
    })
    assert.deepEqual(Object.fromEntries(sent), headers, expected.key)
    assert.deepEqual([answer.statusCode, answer.body], [status, body])
  }
})
