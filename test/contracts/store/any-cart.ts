// Any cart that a store may be given: every field takes every kind of value it can have.
import fc from 'fast-check'
import { canonicalText } from '../../../src/domain/cart/canonical-json.ts'
import type { Cart } from '../../../src/domain/cart/cart.ts'
import type { Item, JsonObject, Older, Price } from '../../../src/domain/cart/item.ts'
import type { CartId } from '../../../src/domain/ids.ts'
import type {
  Departing,
  Failed,
  Pending,
  Reservation,
  Reserved,
  Unavailable,
  Waiting,
} from '../../../src/domain/reservation/reservation.ts'
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

const is = <const T>(value: T) => fc.constant(value)
const asked = {
  key: text.map(toKey),
  quantity: units,
  wanted: fc.nat(9_999),
  requestedAt: time,
}
const settled = { ...asked, attempts: fc.nat(), settledAt: time }

// What src/domain/reservation/reservation.ts allows for its fields, and nothing beyond it.
export const anyReservation: fc.Arbitrary<Reservation> = fc.oneof(
  record<Waiting>({ ...asked, status: is('waiting') }),
  record<Pending>({
    ...asked,
    status: is('pending'),
    replaces: orNull(text.map(toKey)),
    reason: orNull(text),
  }),
  record<Reserved>({
    ...settled,
    status: is('reserved'),
    holdId: text.map(toHold),
    reason: orNull(text),
  }),
  record<Unavailable>({ ...settled, status: is('unavailable'), reason: text }),
  record<Failed>({ ...settled, status: is('failed'), reason: text, outcomeUnknown: fc.boolean() }),
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

type Position = { readonly index: number; readonly at: number }

const itemAt = ({ index, at }: Position): fc.Arbitrary<Item> =>
  fc
    .record({
      id: fc.constant(toItemId(`item ${String(index).padStart(4, '0')}`)),
      productId: text.map((product) => `${product} ${index}`),
      name: orNull(text),
      attributes,
      quantity: units,
      unitPrice: orNull(price),
      reservations: fc.array(anyReservation, { maxLength: 4 }),
      older: fc.oneof(fc.constant(none), older),
      addedAt: fc.constant(at + index),
      updatedAt: time,
    })
    .map((item) => ({ ...item, attributesKey: canonicalText(item.attributes) }))

const departingAt = ({ index, at }: Position): fc.Arbitrary<Departing> =>
  orNull(text.map(toHold)).chain((holdId) =>
    record<Departing>({
      key: text.map((name) => toKey(`${index} ${name}`)),
      itemId: text.map(toItemId),
      quantity: units,
      since: fc.constant(at + index),
      ...(holdId === null
        ? { state: is('cancelled'), holdId: is(holdId) }
        : { state: is('releasing'), holdId: is(holdId) }),
    }),
  )

const inOrder = <T>(one: (index: Position) => fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
  fc
    .tuple(fc.nat(5), fc.integer({ min: 0, max: 8e15 }))
    .chain(([count, at]) =>
      fc.tuple(...Array.from({ length: count }, (_, index) => one({ index, at }))),
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
