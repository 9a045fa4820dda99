import type { Cart } from '../../../domain/cart/cart.ts'
import type { Item } from '../../../domain/cart/item.ts'
import type { CartId } from '../../../domain/ids.ts'
import type { Departing } from '../../../domain/reservation/reservation.ts'
import { bigint, defineTable, type Fields } from './define-table.ts'

const columns = {
  version: bigint,
  revision: bigint,
  created_at: bigint,
  updated_at: bigint,
}

/** The cart itself, without its id, its items and what departs from it. */
export const cartTable = defineTable('carts', columns)

export const toCart = (
  id: CartId,
  fields: Fields<typeof columns>,
  items: readonly Item[],
  departing: readonly Departing[],
): Cart => ({
  id,
  version: fields.version,
  revision: fields.revision,
  items,
  departing,
  createdAt: fields.created_at,
  updatedAt: fields.updated_at,
})
