// An addition: its form on the wire, and what the domain takes of it.
import { type Static, Type } from 'typebox'
import { canonicalText } from '../../../domain/cart/canonical-json.ts'
import type { AddItem } from '../../../domain/cart/commands.ts'
import type { JsonObject } from '../../../domain/cart/item.ts'
import { limits } from '../../../domain/limits.ts'
import { RequestError } from '../problems/request-error.ts'
import { closed, Mapping, ProductId, Quantity, Text } from './schema-kinds.ts'

export const additionMembers = {
  product_id: ProductId,
  quantity: Quantity(1),
  name: Type.Optional(
    Type.Union([Text(limits.nameChars, 'Shown to people; kept as it is.'), Type.Null()]),
  ),
  attributes: Type.Optional(
    Mapping(
      Type.Unknown(),
      `Choices that make another line of the same product; at most ${limits.attributesBytes} bytes as JSON.`,
    ),
  ),
}

export const AddItemBody = Type.Object(additionMembers, closed)

/** @throws RequestError when the attributes are too large; `pointer` says where the addition stands. */
export const toAddition = (body: Static<typeof AddItemBody>, pointer = ''): AddItem => {
  const attributes = (body.attributes ?? {}) as JsonObject
  const attributesKey = canonicalText(attributes)
  if (Buffer.byteLength(attributesKey) > limits.attributesBytes) {
    const detail = `must be at most ${limits.attributesBytes} bytes as JSON`
    throw new RequestError('invalid-request', 'The attributes are too large.', [
      { pointer: `${pointer}/attributes`, detail },
    ])
  }
  const { product_id: productId, quantity, name = null } = body
  return { type: 'add-item', productId, quantity, name, attributes, attributesKey }
}
