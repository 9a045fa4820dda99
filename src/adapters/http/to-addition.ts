// An addition as the domain takes it, from its checked form on the wire.
import { canonicalText } from '../../domain/attributes.ts'
import type { JsonObject } from '../../domain/cart.ts'
import type { AddItem } from '../../domain/commands.ts'
import { limits } from '../../domain/limits.ts'
import { RequestError } from './problems.ts'
import type { AddItemBody } from './schemas.ts'

/** @throws RequestError when the attributes are too large; `pointer` says where the addition stands. */
export const toAddition = (body: AddItemBody, pointer = ''): Omit<AddItem, 'type'> => {
  const attributes = (body.attributes ?? {}) as JsonObject
  const attributesKey = canonicalText(attributes)
  if (Buffer.byteLength(attributesKey) > limits.attributesBytes) {
    const detail = `must be at most ${limits.attributesBytes} bytes as JSON`
    throw new RequestError('invalid-request', 'The attributes are too large.', [
      { pointer: `${pointer}/attributes`, detail },
    ])
  }
  const { product_id: productId, quantity, name = null } = body
  return { productId, quantity, name, attributes, attributesKey }
}
