// A reservation with all the fields that any reservation may have, for tests that read one of them whatever
// its status is.
import type { HoldId, ReservationKey } from '../../src/domain/ids.ts'
import type { Reservation } from '../../src/domain/reservation/reservation.ts'

export type FlatReservation = {
  readonly key: ReservationKey
  readonly quantity: number
  readonly wanted: number
  readonly status: Reservation['status']
  readonly holdId: HoldId | null
  readonly attempts: number
  readonly requestedAt: number
  readonly settledAt: number | null
  readonly reason: string | null
  readonly replaces: ReservationKey | null
  readonly outcomeUnknown: boolean
}

const lacking = {
  holdId: null,
  attempts: 0,
  settledAt: null,
  reason: null,
  replaces: null,
  outcomeUnknown: false,
} as const

/** Fields that its status does not have are null, 0 or false. */
export const toFlat = (reservation: Reservation): FlatReservation => ({
  ...lacking,
  ...reservation,
})
