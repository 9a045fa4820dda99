// Reservations that left their item and are not settled outside.
import type { CartId, HoldId, ItemId, ReservationKey } from '../../../domain/ids.ts'
import type { Departing } from '../../../domain/reservation/reservation.ts'
import {
  bigint,
  defineTable,
  type Fields,
  integer,
  nullable,
  oneOf,
  type Row,
  textAs,
} from './define-table.ts'

const columns = {
  user_id: textAs<CartId>(),
  key: textAs<ReservationKey>(),
  item_id: textAs<ItemId>(),
  quantity: integer,
  state: oneOf('cancelled', 'releasing'),
  hold_id: nullable(textAs<HoldId>()),
  since: bigint,
}

export const departingTable = defineTable('departing', columns)

export const fromDeparting = (cartId: CartId, departing: Departing): Row =>
  departingTable.toRow({
    user_id: cartId,
    key: departing.key,
    item_id: departing.itemId,
    quantity: departing.quantity,
    state: departing.state,
    hold_id: departing.holdId,
    since: departing.since,
  })

/** @throws Error when a reservation is being released without a hold. */
export const toDeparting = (fields: Fields<typeof columns>): Departing => {
  const { key, item_id: itemId, quantity, state, hold_id: holdId, since } = fields
  if (state === 'cancelled') return { key, itemId, quantity, since, state, holdId: null }
  if (holdId === null) throw new Error('departing.hold_id is missing for what is being released')
  return { key, itemId, quantity, since, state, holdId }
}

export const byLeaving = (a: Departing, b: Departing): number =>
  a.since - b.since || (a.key < b.key ? -1 : 1)
