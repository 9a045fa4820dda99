// Any cart that a store may be given: every field takes every kind of value it can have.
import fc from 'fast-check'
import { canonicalText } from '../../../src/domain/attributes.ts'
import type { Cart, CartId, Item, JsonObject, Older, Price } from '../../../src/domain/cart.ts'
import type { Departing, Reservation } from '../../../src/domain/reservation.ts'
import { toHold, toItemId, toKey } from '../../support/store-changes.ts'

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const time = fc.integer({ min: 0, max: 8.64e15 })
const units = fc.integer({ min: 1, max: 9_999 })
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })

const attributes = fc
  .dictionary(text, fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' }), { maxKeys: 5 })
  // As JSON.parse would have it, which is where attributes come from.
  .map((value) => JSON.parse(canonicalText(value as JsonObject)) as JsonObject)

// Stores answer plain objects.
const record = <T>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>

const underWay = {
  key: text.map(toKey),
  quantity: units,
  wanted: fc.nat(9_999),
  status: fc.constantFrom('waiting' as const, 'pending' as const),
  holdId: fc.constant(null),
  attempts: fc.constant(0),
  requestedAt: time,
  settledAt: fc.constant(null),
  reason: fc.constant(null),
  replaces: orNull(text.map(toKey)),
  outcomeUnknown: fc.constant(false),
}
const settled = { ...underWay, attempts: fc.nat(), settledAt: time, reason: orNull(text) }
const turnedDown = fc.constantFrom('unavailable' as const, 'failed' as const)

// What src/domain/reservation.ts says of its fields, and nothing beyond it.
const reservation: fc.Arbitrary<Reservation> = fc.oneof(
  record<Reservation>(underWay),
  record<Reservation>({
    ...settled,
    status: fc.constant('reserved' as const),
    holdId: text.map(toHold),
  }),
  record<Reservation>({ ...settled, status: turnedDown, outcomeUnknown: fc.boolean() }).map(
    (r) => ({ ...r, outcomeUnknown: r.status === 'failed' && r.outcomeUnknown }),
  ),
)

const older = record<Older>({
  count: units,
  reserved: fc.nat(9_999),
  unavailable: fc.nat(9_999),
  failed: fc.nat(9_999),
})
const none: Older = { count: 0, reserved: 0, unavailable: 0, failed: 0 }

const price = record<Price>({
  amount: fc.nat(1_000_000_000),
  currency: fc.constantFrom('EUR', 'JPY', 'KWD'),
})

type Place = { readonly place: number; readonly at: number }

const itemAt = ({ place, at }: Place): fc.Arbitrary<Item> =>
  fc
    .record({
      id: fc.constant(toItemId(`item ${String(place).padStart(4, '0')}`)),
      productId: text.map((product) => `${product} ${place}`),
      name: orNull(text),
      attributes,
      quantity: units,
      unitPrice: orNull(price),
      reservations: fc.array(reservation, { maxLength: 4 }),
      older: fc.oneof(fc.constant(none), older),
      addedAt: fc.constant(at + place),
      updatedAt: time,
    })
    .map((item) => ({ ...item, attributesKey: canonicalText(item.attributes) }))

const departingAt = ({ place, at }: Place): fc.Arbitrary<Departing> =>
  record<Departing>({
    key: text.map((name) => toKey(`${place} ${name}`)),
    itemId: text.map(toItemId),
    quantity: units,
    state: fc.constantFrom('cancelled', 'releasing'),
    holdId: orNull(text.map(toHold)),
    since: fc.constant(at + place),
  })

const inOrder = <T>(one: (place: Place) => fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
  fc
    .tuple(fc.nat(5), fc.integer({ min: 0, max: 8e15 }))
    .chain(([count, at]) =>
      fc.tuple(...Array.from({ length: count }, (_, place) => one({ place, at }))),
    )

export const anyCart = (id: CartId): fc.Arbitrary<Cart> =>
  record<Cart>({
    id: fc.constant(id),
    version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    revision: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    items: inOrder(itemAt),
    departing: inOrder(departingAt),
    createdAt: time,
    updatedAt: time,
  })
