// Values in columns of PostgreSQL are read as they were written, and other programs can read them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type ArrayRow,
  type ArrayType,
  toArrays,
  unnest,
} from '../../../src/adapters/stores/postgres/array-columns.ts'
import { canonicalText } from '../../../src/domain/cart/canonical-json.ts'
import type { JsonObject } from '../../../src/domain/cart/item.ts'
import { isRefused, openHandler } from '../../application/handler.ts'
import { add, set } from '../../application/requests.ts'
import { openDatabase, postgresIsMissing } from '../../support/server-postgres.ts'
import {
  ada,
  bob,
  buildAnswer,
  buildChange,
  buildItem,
  mustCommit,
} from '../../support/store-changes.ts'
import { openSession, openStoreOf } from '../../support/store-databases.ts'

const columns = { t: 'text', b: 'bigint', i: 'integer', z: 'boolean' } as const satisfies Record<
  string,
  ArrayType
>

const nasty = fc.constantFrom(
  ...[
    'NULL',
    'null',
    '',
    ' ',
    '{}',
    '{',
    '}',
    ',',
    '"',
    '\\',
    '\\\\',
    '\\"',
    '{"a,b"}',
    '\n',
    '\r\n',
  ],
  ...[
    '\t',
    '\b',
    '\x01',
    '\x7f',
    '\u2028',
    '\ufeff',
    '\ufffd',
    '\uffff',
    '😀',
    '👩‍👩‍👧',
    '𝒳',
    'é',
    'e\u0301',
  ],
  ...["'", "''", '$1', '::text', '--', '%', '_', '\\x41', '\\000', 'N'],
)
// NUL and text that is not Unicode are refused before they come here.
const text = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.array(nasty).map((parts) => parts.join('')),
  )
  .filter((value) => value.isWellFormed() && !value.includes('\0'))

const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 4 })
const row: fc.Arbitrary<ArrayRow> = fc.tuple(
  orNull(text),
  orNull(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(8.64e15, -8.64e15, 0, 2 ** 53 - 1))),
  orNull(fc.integer()),
  orNull(fc.boolean()),
)

const openFixture = async () => {
  const stack = new AsyncDisposableStack()
  const { url } = stack.use(await openDatabase())
  const store = stack.use(await openStoreOf(url))
  const session = stack.use(await openSession(url))
  return { store, session, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

describe('values in PostgreSQL', { skip: postgresIsMissing() }, () => {
  asColumns()
  asCarts()
  forReaders()
})

function asColumns() {
  test('any rows are read as they were written', async () => {
    await using fixture = await openFixture()
    const sql = `select t, b::text, i, z from ${unnest(columns, 'r', 1)}`
    const property = fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
      const seen = await fixture.session.ask(sql, toArrays(rows, 4))
      const numbers = seen.map(([t, b, ...others]) => [t, b === null ? null : Number(b), ...others])
      // Integers of PostgreSQL have no negative zero.
      assert.deepEqual(
        numbers,
        rows.map((each) => each.map((value) => (value === 0 ? 0 : value))),
      )
    })
    await fc.assert(property, { numRuns: 300 })
  })

  test('an empty list of rows is read as an empty list', async () => {
    await using fixture = await openFixture()
    assert.deepEqual(toArrays([], 2), ['{}', '{}'])
    assert.deepEqual(await fixture.session.ask('select * from unnest($1::text[])', ['{}']), [])
  })

  test('long values are read as they were written', async () => {
    await using fixture = await openFixture()
    const long = '{"\\,\'NULL😀\n'.repeat(100_000)
    const rows = [[long], [null], [long.slice(1)]]
    const sql = 'select * from unnest($1::text[])'
    assert.deepEqual(await fixture.session.ask(sql, toArrays(rows, 1)), rows)
  })
}

function asCarts() {
  test('attributes of 2 KB with special characters are read as written, and identify their item', async () => {
    await using fixture = await openFixture()
    const special = `{"a":[1,"b\\"]}, NULL '' $1 \n\t\u2028 😀 \\N \u0000 \ud800 `
    const attributes: JsonObject = { [special]: special.repeat(50), list: [special, null, 1.5] }
    const attributesKey = canonicalText(attributes)
    assert.ok(attributesKey.length > 2_000)
    const item = buildItem('a', { attributes, attributesKey, name: 'NULL', productId: '{"x",\\}' })
    const other = buildItem('b', { productId: '{"x",\\}', name: '' })
    await mustCommit(fixture.store, buildChange({ put: [item, other] }))
    assert.deepEqual((await fixture.store.load(ada, [])).cart.items, [item, other])
    await mustCommit(fixture.store, buildChange({ on: 1, removed: [item] }))
    assert.deepEqual((await fixture.store.load(ada, [])).cart.items, [other])
  })

  test('the latest time and the largest count are read as they were written', async () => {
    await using fixture = await openFixture()
    const at = 8.64e15
    const most = Number.MAX_SAFE_INTEGER
    const item = buildItem('a', { addedAt: at, updatedAt: at, quantity: 2 ** 31 - 1 })
    const answers = [buildAnswer('k', { at })]
    const change = buildChange({ put: [item], answers })
    const head = { version: most, revision: most, createdAt: at, updatedAt: at }
    await mustCommit(fixture.store, { ...change, cart: head })
    const { cart, answers: kept } = await fixture.store.load(ada, answers)
    assert.deepEqual([cart, kept], [{ id: ada, ...head, items: [item], departing: [] }, answers])
  })

  test('a change or a load with NUL in a text is refused, and others at the same time are not', async () => {
    await using fixture = await openFixture()
    const { store } = fixture
    const bad = buildChange({ put: [buildItem('a', { name: 'NUL \0' })] })
    const good = buildChange({ cartId: bob, put: [buildItem('b')] })
    const [refused, committed] = await Promise.allSettled([store.commit(bad), store.commit(good)])
    assert.ok(refused.status === 'rejected' && isRefused('store-unavailable')(refused.reason))
    assert.deepEqual(committed, { status: 'fulfilled', value: 'committed' })
    const loads = [store.load(ada, [buildAnswer('\0')]), store.load(bob, [])]
    const [lost, loaded] = await Promise.allSettled(loads)
    assert.equal(lost?.status, 'rejected')
    assert.equal(loaded?.status === 'fulfilled' && loaded.value.cart.revision, 1)
  })
}

function forReaders() {
  test('other programs can read the items of every cart, with texts in the order of bytes', async () => {
    await using fixture = await openFixture()
    const handler = openHandler(fixture.store)
    for (const product of ['tea', 'Tea', 'é', 'e', 'z', 'Z', '10', '9', 'ä', '😀', '\uffee']) {
      await handler.ask(add(2, product), {}, bob)
    }
    await handler.ask(add(3, 'tea'))
    await handler.ask(add(4, 'tea'))
    const item = (await handler.read(bob)).items.find(({ productId }) => productId === 'z')
    assert.ok(item !== undefined)
    await handler.ask(set(item.id, 9), {}, bob)
    const sql = 'select user_id, product_id, quantity from cart_items order by user_id, product_id'
    const inBob = ['10', '9', 'Tea', 'Z', 'e', 'tea', 'z', 'ä', 'é', '\uffee', '😀']
    assert.deepEqual(await fixture.session.ask(sql), [
      ['ada', 'tea', 7],
      ...inBob.map((product) => ['bob', product, product === 'z' ? 9 : 2]),
    ])
    const bySize = `select product_id from cart_items where product_id < 'a' and user_id = 'bob'`
    const small = (await fixture.session.ask(bySize)).flat().toSorted()
    assert.deepEqual(small, ['10', '9', 'Tea', 'Z'])
  })
}
