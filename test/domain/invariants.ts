// What is true of a cart, its jobs and the reservation service after every step, in any order.
import assert from 'node:assert/strict'
import { coverageOf, type Item } from '../../src/domain/cart/item.ts'
import { limits } from '../../src/domain/limits.ts'
import { type JobKind, releaseJobId } from '../../src/domain/reservation/job.ts'
import type { Reservation } from '../../src/domain/reservation/reservation.ts'
import { toFlat } from '../support/flat-reservation.ts'
import type { Application } from './application.ts'
import type { ReservationService } from './reservation-services.ts'
import type { World } from './workers.ts'

/** All reservations of an item, also those that are stored apart. */
const allOf = (app: Application, item: Item): readonly Reservation[] => [
  ...(app.older.get(item.id) ?? []),
  ...item.reservations,
]

const unitsOf = (reservations: readonly Reservation[], status?: Reservation['status']): number =>
  reservations.reduce((sum, r) => sum + (r.status === (status ?? r.status) ? r.wanted : 0), 0)

export const assertInvariants = (
  app: Application,
  service: ReservationService,
  reserving: 'always' | 'at times',
): void => {
  const lines = app.cart.items.map((item) => `${item.productId} ${item.attributesKey}`)
  assert.equal(new Set(lines).size, lines.length, 'no two lines with one identity')
  for (const item of app.cart.items) {
    assertUnits(app, item, reserving)
    assertSlots(item, reserving)
    assertReservations(app, item, service)
  }
  assertKeys(app)
  assertJobs(app)
}

const assertUnits = (app: Application, item: Item, reserving: 'always' | 'at times'): void => {
  const { quantity } = item
  assert.ok(Number.isInteger(quantity) && quantity >= 1 && quantity <= limits.quantityPerItem)
  const apart = app.older.get(item.id) ?? []
  const { count, reserved, unavailable, failed } = item.older
  assert.deepEqual(
    [count, reserved, unavailable, failed],
    [
      apart.length,
      unitsOf(apart, 'reserved'),
      unitsOf(apart, 'unavailable'),
      unitsOf(apart, 'failed'),
    ],
    'what is stored apart is counted',
  )
  const { uncovered } = coverageOf(item)
  assert.equal(uncovered, quantity - unitsOf(allOf(app, item)))
  if (reserving === 'always') assert.equal(uncovered, 0, 'every unit has a reservation')
  assert.ok(uncovered >= 0, 'no unit has two reservations')
}

const assertSlots = (item: Item, reserving: 'always' | 'at times'): void => {
  const count = (status: Reservation['status']) =>
    item.reservations.filter((r) => r.status === status).length
  const [pending, waiting] = [count('pending'), count('waiting')]
  assert.ok(pending <= limits.pendingPerItem && waiting <= 1, 'at most 8 pending and one waiting')
  if (reserving === 'always' && waiting === 1) {
    assert.equal(pending, limits.pendingPerItem, 'units wait only while 8 reservations are pending')
  }
  const settled = item.reservations.length - pending - waiting
  assert.ok(settled <= limits.settledWithItem + limits.pendingPerItem, 'an item stays small')
}

const assertReservations = (app: Application, item: Item, service: ReservationService): void => {
  const all = allOf(app, item).map(toFlat)
  for (const r of all) {
    assert.ok(r.quantity >= 1 && r.wanted >= 0 && r.wanted <= r.quantity)
    assert.equal(r.holdId !== null, r.status === 'reserved')
    // The shopper sees this hold, so it must not have been released.
    if (r.holdId !== null) assert.ok(service.active.has(r.holdId), `${r.holdId} is held`)
    if (r.replaces === null) assert.ok(r.wanted > 0, 'only a replacement has no wanted units')
    else {
      assert.equal(r.status, 'pending')
      assert.equal(r.wanted, 0)
      const larger = item.reservations.find((other) => other.key === r.replaces)
      assert.ok(larger, 'the reservation that it replaces is in the same item')
      assert.equal(larger.wanted, r.quantity)
      assert.equal(all.filter((other) => other.replaces === r.replaces).length, 1)
    }
    const isSettled = r.status !== 'pending' && r.status !== 'waiting'
    assert.equal(r.settledAt !== null, isSettled)
    if (!isSettled) assert.equal(r.attempts, 0)
    if (r.status === 'waiting') assert.equal(r.wanted, r.quantity)
  }
}

const assertKeys = (app: Application): void => {
  const keys = [
    ...app.cart.items.flatMap((item) => allOf(app, item).map((r) => r.key)),
    ...app.cart.departing.map((d) => d.key),
  ]
  assert.equal(new Set(keys).size, keys.length, 'no two reservations with one key')
}

type Expected = { readonly kind: JobKind; readonly buried: boolean | 'either' }

/** Exactly the jobs that a reservation needs. */
const assertJobs = (app: Application): void => {
  const expected = new Map<string, Expected>()
  for (const item of app.cart.items) {
    for (const { key, status, quantity } of allOf(app, item)) {
      if (status !== 'pending' && status !== 'failed') continue
      expected.set(key, { kind: 'reserve', buried: status === 'failed' })
      assert.equal(app.jobs.get(key)?.job.quantity, quantity)
    }
  }
  for (const { key, state, holdId } of app.cart.departing) {
    if (state === 'cancelled') expected.set(key, { kind: 'cancel', buried: 'either' })
    else {
      expected.set(releaseJobId(key), { kind: 'release', buried: 'either' })
      const job = app.jobs.get(releaseJobId(key))?.job
      assert.equal(job?.kind === 'release' && job.holdId, holdId)
    }
  }
  assert.deepEqual([...app.jobs.keys()].sort(), [...expected.keys()].sort(), 'jobs')
  for (const [id, { kind, buried }] of expected) {
    const row = app.jobs.get(id)
    assert.equal(row?.kind, kind, `what ${id} does`)
    if (buried !== 'either') assert.equal(row?.buried, buried, `whether ${id} is buried`)
  }
}

/** After all is settled, the cart and the reservation service agree. */
export const assertSettled = (
  { app, service, lostHolds, calls }: World,
  reserving: 'always' | 'at times',
): void => {
  assert.equal(app.jobs.size + calls.length, 0)
  assert.deepEqual(app.cart.departing, [])
  const reservations = app.cart.items.flatMap((item) => allOf(app, item))
  for (const r of reservations) {
    assert.ok(r.status === 'reserved' || r.status === 'unavailable', `${r.key} is ${r.status}`)
    if (r.status !== 'reserved' || r.wanted === r.quantity) continue
    if (reserving === 'always') assert.ok(r.reason, 'a hold larger than wanted has a reason')
  }
  const held = reservations.map(toFlat).flatMap(({ holdId }) => (holdId === null ? [] : [holdId]))
  const known = [...service.active].filter((holdId) => !lostHolds.has(holdId))
  assert.deepEqual(held.sort(), known.sort(), 'the service holds what the cart has')
}
