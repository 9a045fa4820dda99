import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { openLanes } from '../../src/application/carts/lanes.ts'

const bounds = { waitingMax: 1_000, togetherMax: 4 }

/** Lanes whose runs take so many turns, and a record of these runs. */
const openWatched = (turnsOf: (run: number) => number = () => 1) => {
  const runs: { readonly cartId: string; readonly entries: readonly number[] }[] = []
  const open = new Map<string, number>()
  let openMax = 0
  const lanes = openLanes<number>(bounds, async (cartId, entries) => {
    runs.push({ cartId, entries })
    const now = (open.get(cartId) ?? 0) + 1
    open.set(cartId, now)
    openMax = Math.max(openMax, now)
    for (let turn = turnsOf(runs.length); turn > 0; turn -= 1) await nextTurn()
    open.set(cartId, now - 1)
  })
  const of = (cartId: string) => runs.filter((run) => run.cartId === cartId)
  return { lanes, runs, of, openMax: () => openMax }
}

test('the first entry of a lane runs at once, the others wait and run together, in order', async () => {
  const { lanes, runs } = openWatched()
  for (const entry of [1, 2, 3]) assert.equal(lanes.enter('a', entry), true)
  assert.deepEqual(runs, [{ cartId: 'a', entries: [1] }])
  await lanes.drained()
  assert.deepEqual(runs.slice(1), [{ cartId: 'a', entries: [2, 3] }])
})

test('at most the allowed number of entries of a lane run together', async () => {
  const { lanes, runs } = openWatched()
  for (let entry = 0; entry < 11; entry += 1) lanes.enter('a', entry)
  await lanes.drained()
  assert.deepEqual(
    runs.map(({ entries }) => entries),
    [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9, 10]],
  )
})

test('lanes of different carts do not wait for each other', async () => {
  const { lanes, runs } = openWatched(() => 5)
  lanes.enter('a', 1)
  lanes.enter('b', 2)
  assert.equal(lanes.busy(), 2)
  assert.deepEqual(
    runs.map(({ cartId }) => cartId),
    ['a', 'b'],
  )
  await lanes.drained()
  assert.equal(lanes.busy(), 0)
})

test('for any arrivals each entry runs once, in order, in one run of its cart at a time', () => {
  const arrival = fc.record({
    cartId: fc.constantFrom('a', 'b', 'c'),
    turnsBefore: fc.nat(3),
    turnsOfRun: fc.nat(4),
  })
  const property = fc.asyncProperty(fc.array(arrival, { maxLength: 60 }), async (arrivals) => {
    const { lanes, of, openMax } = openWatched((run) => arrivals[run]?.turnsOfRun ?? 0)
    for (const [entry, { cartId, turnsBefore }] of arrivals.entries()) {
      for (let turn = turnsBefore; turn > 0; turn -= 1) await nextTurn()
      assert.equal(lanes.enter(cartId, entry), true)
    }
    await lanes.drained()
    assert.ok(openMax() <= 1)
    for (const name of ['a', 'b', 'c']) {
      const entered = [...arrivals.entries()].filter(([, { cartId }]) => cartId === name)
      assert.deepEqual(
        of(name).flatMap(({ entries }) => entries),
        entered.map(([entry]) => entry),
      )
    }
  })
  return fc.assert(property, { numRuns: 200 })
})

test('a full lane refuses entries until there is room', async () => {
  const gate = Promise.withResolvers<void>()
  const taken: number[] = []
  const lanes = openLanes<number>({ waitingMax: 2, togetherMax: 9 }, async (_, entries) => {
    taken.push(...entries)
    await gate.promise
  })
  const entered = [1, 2, 3, 4].map((entry) => lanes.enter('a', entry))
  // One is under way, two wait.
  assert.deepEqual(entered, [true, true, true, false])
  assert.equal(lanes.enter('b', 5), true)
  gate.resolve()
  await lanes.drained()
  assert.equal(lanes.enter('a', 6), true)
  await lanes.drained()
  assert.deepEqual(taken, [1, 5, 2, 3, 6])
})

test('lanes are drained when no run is under way, and not before', async () => {
  const gate = Promise.withResolvers<void>()
  const lanes = openLanes<number>(bounds, () => gate.promise)
  await lanes.drained()
  lanes.enter('a', 1)
  lanes.enter('a', 2)
  lanes.enter('b', 3)
  let drained = 0
  const waiting = [lanes.drained(), lanes.drained()].map((all) => all.then(() => (drained += 1)))
  await nextTurn()
  assert.equal(drained, 0)
  gate.resolve()
  await Promise.all(waiting)
  assert.equal(lanes.busy(), 0)
})
