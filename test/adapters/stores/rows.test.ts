// The rows of both databases: what is written is read as it was, and a cell that holds something else is
// refused with its table and column.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { answerTable, fromAnswer, toAnswer } from '../../../src/adapters/stores/rows/answer-row.ts'
import { cartTable, toCart } from '../../../src/adapters/stores/rows/cart-row.ts'
import type { Row } from '../../../src/adapters/stores/rows/define-table.ts'
import {
  departingTable,
  fromDeparting,
  toDeparting,
} from '../../../src/adapters/stores/rows/departing-row.ts'
import { fromItem, itemTable, toItem } from '../../../src/adapters/stores/rows/item-row.ts'
import {
  fromIntent,
  intentTable,
  jobTable,
  toJob,
} from '../../../src/adapters/stores/rows/job-row.ts'
import { fromEntry, journalTable, toEntry } from '../../../src/adapters/stores/rows/journal-row.ts'
import { fromOlder, olderTable, toOlder } from '../../../src/adapters/stores/rows/older-row.ts'
import {
  fromReservation,
  toReservation,
} from '../../../src/adapters/stores/rows/reservation-cell.ts'
import { eventTypes } from '../../../src/domain/cart/events.ts'
import type { Job, JournalEntry } from '../../../src/ports/store.ts'
import { anyCart, anyReservation } from '../../contracts/store/any-cart.ts'
import { everyEvent } from '../../contracts/store/journal.ts'
import {
  ada,
  buildAnswer,
  buildDeparting,
  buildFailed,
  buildIntent,
  buildItem,
  buildJob,
  buildPending,
  buildRelease,
  buildReleaseJob,
  buildReleasing,
  buildReserved,
  buildUnavailable,
  noon,
  toHold,
  toItemId,
} from '../../support/store-changes.ts'

const tea = toItemId('tea')

/** As it comes back from a database or another thread: the cells of a row are texts, numbers and nulls. */
const cross = (row: Row): Row => {
  for (const cell of row) assert.ok(cell === null || ['string', 'number'].includes(typeof cell))
  return JSON.parse(JSON.stringify(row)) as Row
}

type Named = { readonly columns: readonly string[] }

/** The row with another value in one of its cells. */
const withCell = (
  row: Row,
  { columns }: Named,
  column: string,
  cell: unknown,
): readonly unknown[] => {
  const index = columns.indexOf(column)
  assert.notEqual(index, -1, `there is a column ${column}`)
  return row.with(index, cell as null)
}

/** A job as the database has it: the intent, and what the database adds to it. */
const toJobRow = (
  job: Job,
  intent = job.kind === 'cancel' ? { ...job, kind: 'reserve' as const } : job,
) => {
  const { createdAt, dueAt, attempts, unknownAt, lastError, buriedAt } = job
  const state = [createdAt, dueAt, attempts, unknownAt, lastError, buriedAt]
  return [...fromIntent(job.cartId, intent, job.kind), ...state]
}

describe('the rows of both databases', () => {
  test('any cart is read from rows as it was written, with its items and departing reservations', () => {
    const property = fc.property(anyCart(ada), (cart) => {
      const { version, revision, createdAt, updatedAt } = cart
      assert.ok(createdAt !== null && updatedAt !== null)
      const counters = { version, revision, created_at: createdAt, updated_at: updatedAt }
      const head = cartTable.fromRow(cross(cartTable.toRow(counters)))
      const items = cart.items.map((item) => toItem(itemTable.fromRow(cross(fromItem(ada, item)))))
      const departing = cart.departing.map((each) =>
        toDeparting(departingTable.fromRow(cross(fromDeparting(ada, each)))),
      )
      assert.deepEqual(toCart(ada, head, items, departing), cart)
    })
    fc.assert(property, { numRuns: 300 })
  })

  test('any reservation is read from a row as it was written, in an item and apart from it', () => {
    const property = fc.property(anyReservation, (reservation) => {
      const cell: unknown = JSON.parse(JSON.stringify(fromReservation(reservation)))
      assert.deepEqual(toReservation(cell, 'a cell'), reservation)
      assert.deepEqual(toOlder([cross(fromOlder(ada, tea, reservation))]), [reservation])
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  test('older reservations are read from rows in the order they were requested', () => {
    const times = { b: noon + 1, c: noon, a: noon + 1, d: noon - 1 }
    const rows = Object.entries(times).map(([name, requestedAt]) =>
      cross(fromOlder(ada, tea, buildReserved(name, { requestedAt }))),
    )
    assert.deepEqual(
      toOlder(rows).map(({ key }) => key),
      ['d', 'c', 'a', 'b'],
    )
  })

  test('every event is read from a row as it was written', () => {
    assert.deepEqual(new Set(everyEvent.map(({ type }) => type)), new Set(eventTypes))
    for (const [position, event] of everyEvent.entries()) {
      const entry: JournalEntry = { revision: 7, position, version: 3, actor: 'Ünï |', event }
      for (const publishedAt of [null, noon]) {
        assert.deepEqual(toEntry(cross(fromEntry(ada, entry, publishedAt))), entry)
      }
    }
  })

  test('an answer is read from a row as it was written, with a text and without', () => {
    const about = { version: 3, revision: 2 ** 53 - 1, at: noon + 4, fingerprint: 'f\n1' }
    const full = buildAnswer('k', {
      ...about,
      itemId: tea,
      form: 'minimal',
      text: '{"ü":"\\u0000"}',
    })
    const empty = buildAnswer('k', { itemId: null, form: null, text: null })
    for (const answer of [full, empty]) {
      assert.deepEqual(toAnswer(answerTable.fromRow(cross(fromAnswer(ada, answer)))), answer)
    }
  })

  test('a job of every kind is read from a row as it was written, never tried and after failures', () => {
    const after = { attempts: 3, unknownAt: noon + 1, lastError: 'reset ü', buriedAt: noon + 2 }
    const times = { createdAt: noon - 1, dueAt: noon + 5 }
    const jobs = [
      buildJob('r1', times),
      buildJob('r1', { kind: 'cancel', quantity: 7, ...times, ...after }),
      buildReleaseJob('r1.release', { holdId: toHold('h "1"'), ...times, ...after }),
    ]
    for (const job of jobs) assert.deepEqual(toJob(cross(toJobRow(job))), job)
  })

  test('an intent that is cancelled in the write that puts it is written as a job of kind cancel', () => {
    const [reserve, cancel] = [
      fromIntent(ada, buildIntent('r1')),
      fromIntent(ada, buildIntent('r1'), 'cancel'),
    ]
    assert.deepEqual(cancel, withCell(reserve, intentTable, 'kind', 'cancel'))
  })
})

/** What is wrong, what reads it, and where it is. */
type Case = readonly [string, () => unknown, string]

const item = fromItem(
  ada,
  buildItem('tea', { name: 'Tea', unitPrice: { amount: 5, currency: 'EUR' } }),
)
const answer = fromAnswer(ada, buildAnswer('k'))
const entry = fromEntry(
  ada,
  {
    revision: 1,
    position: 0,
    version: 1,
    actor: 'a',
    event: everyEvent[0] as JournalEntry['event'],
  },
  noon,
)
const head = cartTable.toRow({ version: 1, revision: 2, created_at: noon, updated_at: noon })
const cancelled = fromDeparting(ada, buildDeparting('d'))
const releasing = fromDeparting(ada, buildReleasing('d'))
const job = toJobRow(buildJob('r1'))

const itemWith = (column: string, cell: unknown) => () =>
  toItem(itemTable.fromRow(withCell(item, itemTable, column, cell)))
const answerWith = (column: string, cell: unknown) => () =>
  toAnswer(answerTable.fromRow(withCell(answer, answerTable, column, cell)))
const entryWith = (column: string, cell: unknown) => () =>
  toEntry(withCell(entry, journalTable, column, cell))
const headWith = (column: string, cell: unknown) => () =>
  cartTable.fromRow(withCell(head, cartTable, column, cell))
const departingWith = (row: Row, column: string, cell: unknown) => () =>
  toDeparting(departingTable.fromRow(withCell(row, departingTable, column, cell)))
const older = fromOlder(ada, tea, buildReserved('r'))
const olderWith = (json: unknown) => () =>
  toOlder([withCell(older, olderTable, 'reservation', json)])
const jobWith = (column: string, cell: unknown) => () =>
  toJob(withCell(job, jobTable, column, cell))

/** Each is refused on purpose, with an error that names its column. */
const assertRefused = (cases: readonly Case[]): void => {
  const messageOf = (work: () => unknown): string => {
    try {
      work()
      return 'it is not refused'
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof TypeError), String(error))
      return error.message
    }
  }
  for (const [what, work] of cases) {
    test(`${what} is refused`, () => assert.notEqual(messageOf(work), 'it is not refused'))
  }
  test('the error names table and column', () => {
    const messages = cases.map(([, work, where]) => [where, messageOf(work)] as const)
    const nameless = messages.filter(([where, message]) => !message.includes(where))
    assert.deepEqual(nameless, [])
  })
}

describe('a cell of a wrong type', () => {
  const cases: readonly Case[] = [
    ['a version that is a text', headWith('version', '1'), 'carts.version'],
    ['a revision that is a fraction', headWith('revision', 1.5), 'carts.revision'],
    ['a time that is missing', headWith('updated_at', null), 'carts.updated_at'],
    ['a count that is no exact number', headWith('revision', 2 ** 53), 'carts.revision'],
    ['a quantity that is a text', itemWith('quantity', '3'), 'cart_items.quantity'],
    ['a quantity that is missing', itemWith('quantity', null), 'cart_items.quantity'],
    ['a product that is a number', itemWith('product_id', 7), 'cart_items.product_id'],
    ['a name that is a number', itemWith('name', 7), 'cart_items.name'],
    ['a price that is a text', itemWith('unit_price', '5'), 'cart_items.unit_price'],
    ['an unknown state', departingWith(cancelled, 'state', 'gone'), 'departing.state'],
    ['a hold that is a number', departingWith(releasing, 'hold_id', 7), 'departing.hold_id'],
    ['an unknown kind of event', entryWith('type', 'item-stolen'), 'journal.type'],
    ['a position that is a text', entryWith('position', '0'), 'journal.position'],
    ['an actor that is missing', entryWith('actor', null), 'journal.actor'],
    ['a revision that is missing', answerWith('revision', null), 'answers.revision'],
    ['a text that is a number', answerWith('text', 7), 'answers.text'],
    ['an unknown kind of job', jobWith('kind', 'steal'), 'jobs.kind'],
    ['attempts that are a text', jobWith('attempts', '1'), 'jobs.attempts'],
    ['a reservation that is no text', olderWith(7), 'older_reservations.reservation'],
  ]
  assertRefused(cases)

  test('a missing cell is refused like an empty one', () => {
    assert.throws(() => cartTable.fromRow(head.slice(0, -1)), /carts\.updated_at/)
    assert.throws(() => cartTable.readerAt([0, 1, 2, 99])(head), /carts\.updated_at/)
  })

  test('cells are read at the indexes that the reader is given, whatever else is in the row', () => {
    const [version, revision, createdAt, updatedAt] = head
    const row = [updatedAt, 'else', version, null, createdAt, revision]
    assert.deepEqual(cartTable.readerAt([2, 5, 4, 0])(row), cartTable.fromRow(head))
  })

  test('the error shows only a short part of a long cell', () => {
    assert.throws(
      headWith('version', 'x'.repeat(10_000)),
      (error: Error) => error.message.length < 200,
    )
  })
})

describe('a row whose cells do not go together', () => {
  const cases: readonly Case[] = [
    [
      'a departing reservation being released without a hold',
      departingWith(releasing, 'hold_id', null),
      'departing.hold_id',
    ],
    ['a release job without a hold', jobWith('kind', 'release'), 'jobs.hold_id'],
    ['a reserve job with an empty product', jobWith('product_id', ''), 'jobs.product_id'],
    [
      'a cancel job with an empty product',
      () =>
        toJob(
          withCell(withCell(job, jobTable, 'product_id', '') as Row, jobTable, 'kind', 'cancel'),
        ),
      'jobs.product_id',
    ],
  ]
  assertRefused(cases)
})

// By its index in a cell; see src/adapters/stores/rows/reservation-cell.ts.
const slots = {
  ...{ key: 0, quantity: 1, wanted: 2, status: 3, requestedAt: 4, settledAt: 5, attempts: 6 },
  ...{ holdId: 7, reason: 8, replaces: 9, outcomeUnknown: 10 },
} as const

const pending = fromReservation(buildPending('r', { replaces: buildPending('s').key }))
const reserved = fromReservation(buildReserved('r'))
const unavailable = fromReservation(buildUnavailable('r'))
const failed = fromReservation(buildFailed('r', { outcomeUnknown: true }))

describe('a cell with invalid JSON', () => {
  const broken: readonly (readonly [string, readonly unknown[], keyof typeof slots, unknown])[] = [
    ['a reserved reservation without a hold', reserved, 'holdId', null],
    ['a hold that is a number', reserved, 'holdId', 7],
    ['a reservation of an unknown status', reserved, 'status', 'stolen'],
    ['a reservation without a key', pending, 'key', null],
    ['a quantity in a reservation that is a text', reserved, 'quantity', '3'],
    ['wanted units that are missing', pending, 'wanted', null],
    ['a time in a reservation that is a text', pending, 'requestedAt', '2026-01-01'],
    ['a settled reservation that never settled', unavailable, 'settledAt', null],
    ['attempts in a reservation that are a fraction', failed, 'attempts', 0.5],
    ['a refusal without a reason', unavailable, 'reason', null],
    ['a failure without a reason', failed, 'reason', null],
    ['a reason that is a number', pending, 'reason', 7],
    ['a replaced reservation that is a number', pending, 'replaces', 7],
    ['a failure whose unknown outcome is a text', failed, 'outcomeUnknown', 'true'],
  ]
  const cases: readonly Case[] = broken.flatMap(([what, cell, field, value]): Case[] => {
    const json = JSON.stringify(cell.with(slots[field], value))
    return [
      [what, itemWith('reservations', `[${json}]`), 'cart_items.reservations'],
      [`${what}, stored apart,`, olderWith(json), 'older_reservations.reservation'],
    ]
  })
  const others: readonly Case[] = [
    [
      'a list of reservations that is cut off',
      itemWith('reservations', '[["r",1'),
      'cart_items.reservations',
    ],
    [
      'a list of reservations that is an object',
      itemWith('reservations', '{}'),
      'cart_items.reservations',
    ],
    [
      'a reservation that is an object',
      itemWith('reservations', '[{"key":"r"}]'),
      'cart_items.reservations',
    ],
    ['attributes that are cut off', itemWith('attributes', '{"size"'), 'cart_items.attributes'],
    ['attributes that are a list', itemWith('attributes', '[]'), 'cart_items.attributes'],
    ['counts of older reservations that are cut off', itemWith('older', '{'), 'cart_items.older'],
    [
      'counts of older reservations that lack one',
      itemWith('older', '{"count":1}'),
      'cart_items.older',
    ],
    ['an event that is cut off', entryWith('data', '{"quantity":'), 'journal.data'],
    ['an event that is a list', entryWith('data', '[]'), 'journal.data'],
    ['an older reservation that is cut off', olderWith('["r"'), 'older_reservations.reservation'],
  ]
  assertRefused([...cases, ...others])
})

test('a release job is read without a product, even when its row has one', () => {
  const row = [...fromIntent(ada, buildRelease('r1.release')), noon, noon, 0, null, null, null]
  const read = toJob(withCell(row, jobTable, 'product_id', 'tea'))
  assert.deepEqual(read, buildReleaseJob('r1.release'))
})
