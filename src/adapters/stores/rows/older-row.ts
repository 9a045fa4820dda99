// Settled reservations beyond the latest of an item.
import type { CartId, ItemId, ReservationKey } from '../../../domain/ids.ts'
import type { Reservation } from '../../../domain/reservation/reservation.ts'
import { defineTable, type Row, text, textAs } from './define-table.ts'
import { parseJson } from './json-cell.ts'
import { fromReservation, toReservation } from './reservation-cell.ts'

export const olderTable = defineTable('older_reservations', {
  user_id: textAs<CartId>(),
  item_id: textAs<ItemId>(),
  key: textAs<ReservationKey>(),
  /** JSON. */
  reservation: text,
})

export const fromOlder = (cartId: CartId, itemId: ItemId, reservation: Reservation): Row =>
  olderTable.toRow({
    user_id: cartId,
    item_id: itemId,
    key: reservation.key,
    reservation: JSON.stringify(fromReservation(reservation)),
  })

const where = 'older_reservations.reservation'

/** In the order they were asked for. @throws Error when one holds what it may not. */
export const toOlder = (rows: readonly (readonly unknown[])[]): readonly Reservation[] =>
  rows
    .map((row) => olderTable.fromRow(row))
    .map(({ reservation }) => toReservation(parseJson(reservation, where), where))
    .sort((a, b) => a.requestedAt - b.requestedAt || (a.key < b.key ? -1 : 1))
