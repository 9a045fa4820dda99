// What goes over the wire, said once: validation, types and the OpenAPI document come from here.
import { type Static, type TSchema, Type } from 'typebox'
import { limits } from '../../domain/limits.ts'

const closed = { additionalProperties: false } as const

/** An object of any members; Type.Record would match each name against a pattern. */
const Mapping = <T extends TSchema>(members: T, description?: string) =>
  Type.Unsafe<Record<string, Static<T>>>({
    type: 'object',
    additionalProperties: members,
    ...(description !== undefined && { description }),
  })

// Visible ASCII except what splits or quotes URLs, so that ids of identity providers fit.
export const userIdPattern = "^[!$&-.0-9:;=@A-Z\\[\\]_a-z|~*'()+,]+$"
// Without control characters, surrogates that stand alone, and white space at the ends.
export const textPattern = '^[^\\s\\p{Cc}\\p{Cs}](?:[^\\p{Cc}\\p{Cs}]*[^\\s\\p{Cc}\\p{Cs}])?$'

const Text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: textPattern, description })

export const UserId = Type.String({
  minLength: 1,
  maxLength: limits.idChars,
  pattern: userIdPattern,
  description: 'Whose cart; made by the caller.',
})
// Ids that the service made.
const OwnId = Type.String({ minLength: 1, maxLength: limits.idChars, pattern: '^[!-~]+$' })

export const CartParams = Type.Object({ userID: UserId })
export const ItemParams = Type.Object({ userID: UserId, itemID: OwnId })

export const ProductId = Text(limits.idChars, 'What is sold; any text without control characters.')
const Name = Text(limits.nameChars, 'Shown to people; kept as it is.')
export const Quantity = (minimum: number) =>
  Type.Integer({ minimum, maximum: limits.quantityPerItem, description: 'Whole units.' })
const Attributes = Mapping(
  Type.Unknown(),
  `Choices that make another line of the same product; at most ${limits.attributesBytes} bytes as JSON.`,
)

const addition = {
  product_id: ProductId,
  quantity: Quantity(1),
  name: Type.Optional(Type.Union([Name, Type.Null()])),
  attributes: Type.Optional(Attributes),
}

export const AddItemBody = Type.Object(addition, closed)
export type AddItemBody = Static<typeof AddItemBody>
export const SetQuantityBody = Type.Object({ quantity: Quantity(0) }, closed)
export type SetQuantityBody = Static<typeof SetQuantityBody>

export const OperationsBody = Type.Object(
  {
    operations: Type.Array(
      Type.Union([
        Type.Object({ op: Type.Literal('add'), ...addition }, closed),
        Type.Object({ op: Type.Literal('set'), item_id: OwnId, quantity: Quantity(0) }, closed),
        Type.Object({ op: Type.Literal('remove'), item_id: OwnId }, closed),
        Type.Object({ op: Type.Literal('clear') }, closed),
      ]),
      { minItems: 1, maxItems: limits.operationsPerRequest },
    ),
  },
  closed,
)
export type OperationsBody = Static<typeof OperationsBody>

const Time = Type.String({ format: 'date-time' })
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([type, Type.Null()])

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

export const JournalQuery = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Exclusive.' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: limits.journalEntriesPerPage, default: 100 }),
    ),
  },
  closed,
)

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

export const JobsQuery = Type.Object(
  {
    state: Type.Literal('buried'),
    after: Type.Optional(OwnId),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.jobsPerPage, default: 100 })),
  },
  closed,
)

export const JobParams = Type.Object({ jobID: OwnId })

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
