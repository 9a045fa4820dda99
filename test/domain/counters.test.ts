import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from '../../src/domain/cart/commands.ts'
import {
  add,
  command,
  gaveUp,
  outcomeOf,
  remove,
  requeue,
  reserve,
  reserved,
  run,
  set,
  soldOut,
} from './commands.ts'
import { added, confirmed, type Fact, failed, leaving, pending, refused, removed } from './facts.ts'
import { earlier, given, now } from './given.ts'

const asked: Fact = added(5, pending('a', 5))
const gone: Fact = removed(5, [leaving('a', 5, 'pending')])

const moves = (facts: readonly Fact[], asking: Command) => {
  const { cart: before, when } = given(...facts)
  const after = when(asking).cart()
  return { revision: after.revision - before.revision, version: after.version - before.version }
}

test('a command that changes the contents raises version and revision by one', () => {
  const operations = [add(1), add(1, 'cup'), set(2), set(8), set(0), remove()]
  const commands = [...operations.map((o) => command(o)), command({ type: 'clear-cart' })]
  for (const asking of [...commands, run(add(1), set(2), add(1, 'cup'))]) {
    assert.deepEqual(moves([asked], asking), { revision: 1, version: 1 }, asking.type)
  }
})

test('a change of a reservation raises the revision only', () => {
  for (const outcome of [reserved('a'), soldOut, gaveUp]) {
    assert.deepEqual(moves([asked], outcomeOf('a', outcome)), { revision: 1, version: 0 })
    assert.deepEqual(moves([asked, gone], outcomeOf('a', outcome)), { revision: 1, version: 0 })
  }
  assert.deepEqual(moves([asked, refused('a')], reserve()), { revision: 1, version: 0 })
  assert.deepEqual(moves([asked, failed('a')], requeue('a')), { revision: 1, version: 0 })
})

test('a command without effect changes neither version, revision nor any time', () => {
  assert.deepEqual(moves([asked], command(set(5))), { revision: 0, version: 0 })
  const { cart, when } = given(asked, confirmed('a'))
  assert.equal(when(outcomeOf('a', reserved('a'))).cart(), cart)
})

test('the first effective command of a cart sets createdAt, and every one sets updatedAt', () => {
  const first = given()
    .when(command(add(1)))
    .cart()
  assert.deepEqual([first.createdAt, first.updatedAt], [now, now])
  const second = given(asked)
    .when(outcomeOf('a', reserved('a')))
    .cart()
  assert.deepEqual([second.createdAt, second.updatedAt], [earlier, now])
})

test('the quantity of an item and the outcomes of its reservations set its updatedAt', () => {
  const item = given(asked)
  for (const asking of [command(add(1)), command(set(2)), outcomeOf('a', soldOut)]) {
    assert.deepEqual(
      [item.when(asking).item().addedAt, item.when(asking).item().updatedAt],
      [earlier, now],
    )
  }
  assert.equal(item.when(command(add(1, 'cup'))).item().updatedAt, earlier)
})
