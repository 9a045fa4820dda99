// The reference APIs in the OpenAPI document. Their input is checked by read-input.ts.
import { type TSchema, Type } from 'typebox'
import { limits } from '../../../../domain/limits.ts'
import { ProductId, Quantity, UserId } from '../../input/schema-kinds.ts'

export const UserParams = Type.Object({ user_id: UserId })
export const ProductParams = Type.Object({ user_id: UserId, product_id: ProductId })
export const QuantityQuery = Type.Object({ quantity: Quantity(1) })
export const ProductAndQuantity = Type.Object({ product_id: ProductId, quantity: Quantity(1) })
export const OptionalProductAndQuantity = Type.Object({
  product_id: Type.Optional(ProductId),
  quantity: Type.Optional(Quantity(1)),
})

export const FormatQuery = Type.Object({
  format: Type.Optional(Type.Enum(['map', 'list'], { default: 'map' })),
})

export const ItemList = Type.Array(
  Type.Object({ product_id: Type.String(), quantity: Type.Integer() }),
)
const Quantities = Type.Unsafe<Record<string, number>>({
  type: 'object',
  additionalProperties: { type: 'integer' },
  description: 'Units by product.',
})

export const Message = Type.Object({ message: Type.String() })
export const Msg = Type.Object({ msg: Type.String() })
export const MessageAndMsg = Type.Object({ message: Type.String(), msg: Type.String() })
export const QuantitiesOrList = Type.Union([Quantities, ItemList])

export const CartItem = Type.Object({
  user_id: Type.String(),
  product_id: Type.String(),
  quantity: Type.Integer(),
})

export const NameAndQuantity = Type.Object({ name: ProductId, quantity: Quantity(1) })

/** Whose list it is: 004 knows no users. */
export const CallerHeader = {
  'x-user-id': Type.Optional({ ...UserId, description: 'Whose cart; "default" without it.' }),
}

export const PageQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.additionsPerPage,
      default: limits.additionsPerPage,
    }),
  ),
  after: Type.Optional(Type.String({ description: 'From the Link header of the page before.' })),
})

const Time = Type.String({ format: 'date-time' })

export const Addition = Type.Object({
  id: Type.String(),
  name: Type.String(),
  quantity: Type.Integer(),
  reservation_id: Type.Optional(Type.String({ description: 'Once there is one.' })),
  status: Type.Enum(['PENDING', 'RESERVED', 'UNAVAILABLE', 'FAILED']),
  created_at: Time,
  updated_at: Time,
})

const FaultView = Type.Object({
  type: Type.String(),
  loc: Type.Array(Type.String()),
  msg: Type.String(),
  input: Type.Unknown(),
  ctx: Type.Optional(Type.Unknown()),
})

export const Detail = Type.Object({
  detail: Type.Union([Type.String(), Type.Array(FaultView)], {
    description: 'A list of faults with 422, else a sentence.',
  }),
})

export const referenceSchemas: Readonly<Record<string, TSchema>> = {
  ReferenceAddition: Addition,
  ReferenceDetail: Detail,
}
