// Reservations as they are stored in JSON: a list in the order below costs a third of an object with names,
// in every write of the item.
import type { HoldId, ReservationKey } from '../../../domain/ids.ts'
import type { Reservation } from '../../../domain/reservation/reservation.ts'
import { toBoolean, toInteger, toList, toText, toTextOrNull } from './json-cell.ts'

// key, quantity, wanted, status, requestedAt; and unless it is under way and nothing more is to be said:
// settledAt, attempts, holdId, reason, replaces, outcomeUnknown.
type ReservationCell = readonly (string | number | boolean | null)[]

export const fromReservation = (r: Reservation): ReservationCell => {
  const { key, quantity, wanted, status, requestedAt } = r
  switch (r.status) {
    case 'waiting':
      return [key, quantity, wanted, status, requestedAt]
    case 'pending':
      return r.replaces === null && r.reason === null
        ? [key, quantity, wanted, status, requestedAt]
        : [key, quantity, wanted, status, requestedAt, null, 0, null, r.reason, r.replaces, false]
    case 'reserved':
      return [
        ...[key, quantity, wanted, status, requestedAt, r.settledAt, r.attempts],
        ...[r.holdId, r.reason, null, false],
      ]
    case 'unavailable':
    case 'failed':
      return [
        ...[key, quantity, wanted, status, requestedAt, r.settledAt, r.attempts],
        ...[null, r.reason, null, r.status === 'failed' && r.outcomeUnknown],
      ]
    default:
      return r satisfies never
  }
}

/** @throws Error that names `where` the value is, when it is no reservation. */
export const toReservation = (value: unknown, where: string): Reservation => {
  const cell = toList(value, where)
  const asked = {
    key: toText(cell[0], `${where}, key`) as ReservationKey,
    quantity: toInteger(cell[1], `${where}, quantity`),
    wanted: toInteger(cell[2], `${where}, wanted`),
    requestedAt: toInteger(cell[4], `${where}, requestedAt`),
  }
  const status = cell[3]
  switch (status) {
    case 'waiting':
      return { ...asked, status }
    case 'pending': {
      const replaces = toTextOrNull(cell[9] ?? null, `${where}, replaces`) as ReservationKey | null
      return {
        ...asked,
        status,
        replaces,
        reason: toTextOrNull(cell[8] ?? null, `${where}, reason`),
      }
    }
    case 'reserved': {
      const holdId = toText(cell[7], `${where}, hold`) as HoldId
      const reason = toTextOrNull(cell[8], `${where}, reason`)
      return { ...asked, ...settledIn(cell, where), status, holdId, reason }
    }
    case 'unavailable':
      return { ...asked, ...settledIn(cell, where), status, reason: reasonIn(cell, where) }
    case 'failed': {
      const outcomeUnknown = toBoolean(cell[10], `${where}, outcomeUnknown`)
      const reason = reasonIn(cell, where)
      return { ...asked, ...settledIn(cell, where), status, reason, outcomeUnknown }
    }
    default:
      throw new Error(`${where} has a status that is none`)
  }
}

const settledIn = (cell: readonly unknown[], where: string) => ({
  settledAt: toInteger(cell[5], `${where}, settledAt`),
  attempts: toInteger(cell[6], `${where}, attempts`),
})

const reasonIn = (cell: readonly unknown[], where: string): string =>
  toText(cell[8], `${where}, reason`)
