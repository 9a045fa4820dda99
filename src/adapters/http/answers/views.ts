// What answers look like, for the OpenAPI document. The texts themselves are written by hand or small.
import { Type } from 'typebox'
import { limits } from '../../../domain/limits.ts'
import { Mapping, Nullable } from '../input/schema-kinds.ts'

const Time = Type.String({ format: 'date-time' })
export const ReservationView = Type.Object({
  id: Type.String({ description: 'Ours; the Idempotency-Key towards the reservation service.' }),
  quantity: Type.Integer({ minimum: 1 }),
  status: Type.Enum(['waiting', 'pending', 'reserved', 'unavailable', 'failed']),
  reservation_id: Nullable(Type.String({ description: 'What the reservation service calls it.' })),
  attempts: Type.Integer({ minimum: 0, description: 'Calls made until it settled.' }),
  requested_at: Time,
  settled_at: Nullable(Time),
  reason: Nullable(Type.String()),
})

const PriceView = Type.Object({
  amount: Type.Integer({ description: 'In minor units of the currency, such as cents.' }),
  currency: Type.String(),
})

export const ItemView = Type.Object({
  item_id: Type.String(),
  product_id: Type.String(),
  name: Nullable(Type.String()),
  quantity: Type.Integer({ minimum: 1, maximum: limits.quantityPerItem }),
  attributes: Mapping(Type.Unknown()),
  unit_price: Nullable(PriceView),
  catalog: Type.Optional(
    Type.Object(
      {
        status: Type.Enum(['gone', 'price_changed']),
        unit_price: Type.Optional(Nullable(PriceView)),
      },
      { description: 'What has become of the product since; absent while nothing has.' },
    ),
  ),
  reservation: Type.Object({
    status: Type.Enum([
      'reserved',
      'pending',
      'partially_reserved',
      'unavailable',
      'failed',
      'none',
    ]),
    reserved_quantity: Type.Integer({ minimum: 0 }),
    reservation_ids: Type.Array(Type.String()),
  }),
  reservations: Type.Array(ReservationView),
  added_at: Time,
  updated_at: Time,
})

const counters = {
  user_id: Type.String(),
  version: Type.Integer({ minimum: 0, description: 'Moves when items or quantities change.' }),
  revision: Type.Integer({ minimum: 0, description: 'Moves with every change.' }),
}

export const CartView = Type.Object({
  ...counters,
  item_count: Type.Integer({ minimum: 0, maximum: limits.itemsPerCart }),
  total_quantity: Type.Integer({ minimum: 0 }),
  items: Type.Array(ItemView),
  subtotal: Nullable(PriceView),
  created_at: Nullable(Time),
  updated_at: Nullable(Time),
})

export const MinimalView = Type.Object({ ...counters, item: Type.Optional(ItemView) })

export const ProblemView = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.String(),
  code: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() }))),
  cart: Type.Optional(CartView),
})

export const JournalView = Type.Object({
  entries: Type.Array(
    Type.Object({
      revision: Type.Integer(),
      version: Type.Integer(),
      type: Type.String(),
      data: Mapping(Type.Unknown()),
      actor: Type.String(),
      at: Time,
    }),
  ),
  next: Nullable(
    Type.Integer({ description: 'Pass as `after` for what follows; null at the end.' }),
  ),
})

export const JobsView = Type.Object({
  jobs: Type.Array(
    Type.Object({
      id: Type.String(),
      kind: Type.Enum(['reserve', 'cancel', 'release']),
      user_id: Type.String(),
      item_id: Type.String(),
      attempts: Type.Integer(),
      last_error: Nullable(Type.String()),
      buried_at: Nullable(Time),
    }),
  ),
  next: Nullable(
    Type.String({ description: 'Pass as `after` for what follows; null at the end.' }),
  ),
})

export const RequeueView = Type.Object({
  id: Type.String(),
  result: Type.Enum(['requeued', 'dropped'], {
    description: 'dropped: nothing waits for the job any more, so it is gone.',
  }),
})

export const StatusView = Type.Object({ status: Type.String() })
export const ReadyView = Type.Object({
  status: Type.Enum(['ready', 'degraded', 'unavailable', 'draining']),
  checks: Mapping(Type.Object({ status: Type.String() }, { additionalProperties: true })),
})
