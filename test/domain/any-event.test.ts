import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyCart } from '../../src/domain/cart/cart.ts'
import { decide } from '../../src/domain/cart/decide.ts'
import type { CartEvent } from '../../src/domain/cart/events.ts'
import { applyEvents, evolve } from '../../src/domain/cart/evolve.ts'
import { spill } from '../../src/domain/cart/older.ts'
import { react } from '../../src/domain/cart/react.ts'
import { CartError } from '../../src/domain/errors.ts'
import type { ItemId } from '../../src/domain/ids.ts'
import type { ReleaseOutcome, ReserveOutcome } from '../../src/domain/reservation/job.ts'
import type { Leaving, Requested } from '../../src/domain/reservation/reservation.ts'
import { add, outcomeOf, remove, requeue, reserve, run, set } from './commands.ts'
import { cartId, holdOf, key } from './facts.ts'
import { freeze } from './given.ts'

// Few names, so that events concern the same items and keys; any event, also impossible ones.
const itemId = fc.constantFrom('tea', 'cup', 'pot').map((id) => id as ItemId)
const name = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const k = name.map(key)
const holdId = name.map(holdOf)
const quantity = fc.nat(6)
const is = <const T>(value: T) => fc.constant(value)
const base = { at: fc.nat(), itemId, key: k, attempts: fc.nat(3) }

const status = fc.constantFrom<Leaving['status']>(
  'waiting',
  'pending',
  'reserved',
  'unavailable',
  'failed',
)
// Of fields in any combination, also those that the types exclude: a journal is not checked that closely.
const requested = fc
  .record({
    key: k,
    quantity,
    status: fc.constantFrom('pending', 'waiting'),
    replaces: fc.option(k),
  })
  .map((fields) => fields as Requested)
const leaving = fc
  .record({
    key: k,
    itemId,
    quantity,
    status,
    holdId: fc.option(holdId),
    outcomeUnknown: fc.boolean(),
  })
  .map((fields) => fields as Leaving)
const letGo = fc.array(leaving, { maxLength: 3 })
const lowered = fc.array(fc.record({ key: k, wanted: quantity }), { maxLength: 2 })
const asked = fc.option(requested)
const attributes = { attributes: is({}), attributesKey: is('{}') }
const productId = itemId.map(String)

const event: fc.Arbitrary<CartEvent> = fc.oneof(
  fc.record({
    type: is('item-added'),
    ...base,
    ...attributes,
    productId,
    name: fc.option(name),
    quantity,
    requested: asked,
  }),
  fc.record({
    type: is('item-quantity-changed'),
    ...base,
    productId,
    quantity,
    lowered,
    letGo,
    requested: asked,
  }),
  fc.record({ type: is('item-removed'), ...base, productId, quantity, letGo }),
  fc.record({ type: is('cart-cleared'), at: fc.nat(), letGo }),
  fc.record({ type: is('reservation-requested'), ...base, productId, letGo, requested }),
  fc.record({ type: is('reservation-confirmed'), ...base, holdId, letGo }),
  fc.record({ type: is('reservation-refused'), ...base, reason: name }),
  fc.record({
    type: is('reservation-failed'),
    ...base,
    reason: name,
    outcomeUnknown: fc.boolean(),
    superseded: fc.boolean(),
  }),
  fc.record({ type: is('reservation-requeued'), ...base }),
  fc.record({ type: is('release-requested'), ...base, quantity, holdId }),
  fc.record({ type: is('reservation-released'), ...base }),
  fc.record({ type: is('reservation-withdrawn'), ...base }),
  fc.record({ type: is('release-failed'), ...base, jobId: name, reason: name }),
  fc.record({ type: is('release-requeued'), ...base, jobId: name }),
)

const givenUp = fc.record({ kind: is('failed'), reason: name, outcomeUnknown: fc.boolean() })
const reserveOutcome: fc.Arbitrary<ReserveOutcome> = fc.oneof(
  fc.record({ kind: is('reserved'), holdId }),
  fc.record({ kind: is('refused'), reason: name }),
  fc.record({ kind: is('withdrawn') }),
  givenUp,
)
const releaseOutcome: fc.Arbitrary<ReleaseOutcome> = fc.oneof(
  fc.record({ kind: is('released') }),
  givenUp,
)
const jobKind = fc.constantFrom('reserve', 'cancel', 'release')
const outcome = jobKind.chain((kind) =>
  fc.record({ jobKind: is(kind), outcome: kind === 'release' ? releaseOutcome : reserveOutcome }),
)
const operation = fc.oneof(
  fc.tuple(quantity, productId).map(([q, p]) => add(q, p)),
  fc.tuple(quantity, itemId).map(([q, id]) => set(q, id)),
  itemId.map(remove),
  is({ type: 'clear-cart' } as const),
)
const command = fc
  .oneof(
    fc.array(operation, { maxLength: 4 }).map((operations) => run(...operations)),
    itemId.map(reserve),
    fc.tuple(name, outcome).map(([n, { jobKind, outcome }]) => outcomeOf(n, outcome, { jobKind })),
    fc.tuple(name, jobKind).map(([n, kind]) => requeue(n, kind)),
  )
  .chain((some) => fc.boolean().map((reserving) => ({ ...some, reserving })))

const events = fc.array(event, { maxLength: 40, size: 'max' })

test('a cart accepts any event, and an event about an unknown item changes no item', () => {
  fc.assert(
    fc.property(events, (all) => {
      let cart = freeze(emptyCart(cartId))
      for (const one of all) {
        const next = freeze(evolve(cart, freeze(one)))
        const isKnown = 'itemId' in one && cart.items.some((item) => item.id === one.itemId)
        const changesItems = isKnown || one.type === 'item-added' || one.type === 'cart-cleared'
        if (!changesItems) assert.deepEqual(next.items, cart.items)
        assert.ok(Array.isArray(react(one)))
        cart = next
      }
    }),
    { numRuns: 1_000 },
  )
})

test('any command to any cart is decided or refused, and never fails otherwise', () => {
  fc.assert(
    fc.property(events, command, (all, some) => {
      const cart = freeze(applyEvents(emptyCart(cartId), all, 1))
      try {
        const after = applyEvents(cart, decide(cart, some), some.at)
        for (const item of after.items) spill(item)
      } catch (error) {
        assert.ok(error instanceof CartError, String(error))
      }
    }),
    { numRuns: 3_000 },
  )
})
