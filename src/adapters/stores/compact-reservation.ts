// Reservations as they are stored with their item.
import type { HoldId, Reservation, ReservationKey } from '../../domain/reservation.ts'

// A list in the order below costs a third of an object with names, in every write of the item.
export type Compact = readonly [
  Reservation['key'],
  Reservation['quantity'],
  Reservation['wanted'],
  Reservation['status'],
  Reservation['requestedAt'],
  // Absent while it is under way and replaces nothing:
  Reservation['settledAt']?,
  Reservation['attempts']?,
  Reservation['holdId']?,
  Reservation['reason']?,
  Reservation['replaces']?,
  Reservation['outcomeUnknown']?,
]

export const fromReservation = (r: Reservation): Compact => {
  const { key, quantity, wanted, status, requestedAt } = r
  return r.settledAt === null && r.replaces === null && r.reason === null
    ? [key, quantity, wanted, status, requestedAt]
    : [
        ...([key, quantity, wanted, status, requestedAt] as const),
        ...([r.settledAt, r.attempts, r.holdId, r.reason, r.replaces, r.outcomeUnknown] as const),
      ]
}

export const toReservation = (compact: Compact): Reservation => {
  const [key, quantity, wanted, status, requestedAt, settledAt = null, attempts = 0] = compact
  const [holdId = null, reason = null, replaces = null, outcomeUnknown = false] = compact.slice(
    7,
  ) as [HoldId?, string?, ReservationKey?, boolean?]
  const asked = { key, quantity, wanted, status, requestedAt }
  return { ...asked, settledAt, attempts, holdId, reason, replaces, outcomeUnknown }
}
