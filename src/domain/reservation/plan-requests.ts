// Which units of an item are asked for next, and which leave first.
import type { ItemId, ReservationKey } from '../ids.ts'
import { limits } from '../limits.ts'
import {
  type Leaving,
  type Requested,
  type Reservation,
  replacedBy,
  toLeaving,
} from './reservation.ts'

type Reservations = readonly Reservation[]

const pendingIn = (reservations: Reservations): number =>
  reservations.reduce((count, r) => count + (r.status === 'pending' ? 1 : 0), 0)

export const hasFreeSlot = (reservations: Reservations): boolean =>
  pendingIn(reservations) < limits.pendingPerItem

/** Asks for more units: at once while few calls are open, else with the waiting ones. */
export const requestUnits = (
  reservations: Reservations,
  quantity: number,
  nextId: () => string,
): Requested => {
  const key = () => nextId() as ReservationKey
  if (hasFreeSlot(reservations)) return { key: key(), quantity, status: 'pending', replaces: null }
  const waiting = reservations.find((r) => r.status === 'waiting')
  return { key: waiting?.key ?? key(), quantity, status: 'waiting', replaces: null }
}

const isTooLarge = (r: Reservation): boolean =>
  (r.status === 'pending' || r.status === 'reserved') &&
  r.wanted > 0 &&
  r.wanted < r.quantity &&
  r.reason === null

/** What free slots are used for: smaller holds in place of larger ones, then waiting units. */
export const fillSlots = (
  reservations: Reservations,
  nextId: () => string,
): readonly Requested[] => {
  const tooLarge = reservations.filter(
    (r) => isTooLarge(r) && !reservations.some((other) => replacedBy(other) === r.key),
  )
  const next = tooLarge.map(
    (r): Requested => ({
      key: nextId() as ReservationKey,
      quantity: r.wanted,
      status: 'pending',
      replaces: r.key,
    }),
  )
  for (const { key, quantity, status } of reservations) {
    if (status === 'waiting') next.push({ key, quantity, status: 'pending', replaces: null })
  }
  return next.slice(0, Math.max(0, limits.pendingPerItem - pendingIn(reservations)))
}

// What holds nothing goes first, what is held goes last.
const order = { unavailable: 0, failed: 0, waiting: 1, pending: 2, reserved: 3 } as const

const inLeavingOrder = (reservations: Reservations): Reservations =>
  reservations.toReversed().sort((a, b) => order[a.status] - order[b.status])

export type Lowering = {
  /** New `wanted` of reservations that keep a part of their units. */
  readonly lowered: { readonly key: ReservationKey; readonly wanted: number }[]
  readonly letGo: Leaving[]
}

/**
 * Chooses what leaves when an item gives up `excess` units that reservations count: what holds
 * nothing first, then the newest pending, then the newest reserved. Where only a part of a
 * reservation leaves, it stays until a smaller one has taken over (fillSlots).
 */
export const lowerBy = (excess: number, itemId: ItemId, reservations: Reservations): Lowering => {
  const lowering: Lowering = { lowered: [], letGo: [] }
  let left = excess
  for (const r of inLeavingOrder(reservations)) {
    const going = Math.min(left, r.wanted)
    if (going <= 0) continue
    left -= going
    // A replacement under way was meant for another number of units.
    const replacement = reservations.find((other) => replacedBy(other) === r.key)
    if (replacement !== undefined) lowering.letGo.push(toLeaving(itemId, replacement))
    if (going === r.wanted) lowering.letGo.push(toLeaving(itemId, r))
    else lowering.lowered.push({ key: r.key, wanted: r.wanted - going })
  }
  return lowering
}
