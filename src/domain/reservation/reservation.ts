// A reservation is a hold of some units for an item, one for every addition. Times are epoch milliseconds.
import type { HoldId, ItemId, ReservationKey } from '../ids.ts'

type Asked = {
  readonly key: ReservationKey
  /** Units asked for outside. Fixed once the reservation is no longer waiting. */
  readonly quantity: number
  /**
   * Units of `quantity` that the item counts on. The `wanted` of all reservations of an item add up
   * to the item's quantity. Below `quantity` while a smaller hold is being made to replace it, and 0
   * for that replacement until it takes over.
   */
  readonly wanted: number
  readonly requestedAt: number
}

type Settled = Asked & {
  /** Calls made until it settled. */
  readonly attempts: number
  readonly settledAt: number
}

/** More units of an item that has many calls open: not asked for yet. */
export type Waiting = Asked & { readonly status: 'waiting' }

/** Being reserved. */
export type Pending = Asked & {
  readonly status: 'pending'
  /** The larger hold that this one is to take over from. */
  readonly replaces: ReservationKey | null
  /** Why no smaller hold takes over from it; null while none was refused. */
  readonly reason: string | null
}

export type Reserved = Settled & {
  readonly status: 'reserved'
  readonly holdId: HoldId
  /** Why it holds more than wanted; null while it does not, or a smaller one is being made. */
  readonly reason: string | null
}

/** The service refused. */
export type Unavailable = Settled & { readonly status: 'unavailable'; readonly reason: string }

/** Given up; its job is buried. */
export type Failed = Settled & {
  readonly status: 'failed'
  readonly reason: string
  /** The last call's answer was lost, so there may be a hold that no cart knows of. */
  readonly outcomeUnknown: boolean
}

export type Reservation = Waiting | Pending | Reserved | Unavailable | Failed

/**
 * Units asked for under a key. `waiting` with a key that is waiting already adds the units to it;
 * `pending` with such a key starts it, with all its units.
 */
export type Requested = { readonly key: ReservationKey; readonly quantity: number } & (
  | { readonly status: 'pending'; readonly replaces: ReservationKey | null }
  | { readonly status: 'waiting'; readonly replaces: null }
)

/** A reservation that leaves its item, as it was when it left. */
export type Leaving = {
  readonly key: ReservationKey
  readonly itemId: ItemId
  readonly quantity: number
} & (
  | {
      readonly status: 'waiting' | 'pending' | 'unavailable'
      readonly holdId: null
      readonly outcomeUnknown: false
    }
  | { readonly status: 'reserved'; readonly holdId: HoldId; readonly outcomeUnknown: false }
  | { readonly status: 'failed'; readonly holdId: null; readonly outcomeUnknown: boolean }
)

/**
 * A reservation that left its item and is not settled outside: the reservation service may still
 * hold units for it.
 */
export type Departing = {
  readonly key: ReservationKey
  /** The item that it left, which may be gone. */
  readonly itemId: ItemId
  readonly quantity: number
  readonly since: number
} & (
  | { readonly state: 'cancelled'; readonly holdId: null }
  /** The hold is known and being given back. */
  | { readonly state: 'releasing'; readonly holdId: HoldId }
)

export const isUnderWay = (r: Reservation): r is Waiting | Pending =>
  r.status === 'pending' || r.status === 'waiting'

/** A settled reservation that no later event needs to find beside its item. */
export const isAtRest = (r: Reservation): boolean =>
  !isUnderWay(r) && (r.status !== 'reserved' || r.wanted === r.quantity || r.reason !== null)

/** The larger hold that a reservation is to take over from, if any. */
export const replacedBy = (r: Reservation): ReservationKey | null =>
  r.status === 'pending' ? r.replaces : null

export const toLeaving = (itemId: ItemId, r: Reservation): Leaving => {
  const { key, quantity } = r
  const left = { key, itemId, quantity }
  if (r.status === 'reserved') {
    return { ...left, status: r.status, holdId: r.holdId, outcomeUnknown: false }
  }
  if (r.status === 'failed') {
    return { ...left, status: r.status, holdId: null, outcomeUnknown: r.outcomeUnknown }
  }
  return { ...left, status: r.status, holdId: null, outcomeUnknown: false }
}

/** Null when the reservation service holds nothing for it and never will. */
export const toDeparting = (leaving: Leaving, since: number): Departing | null => {
  const { key, itemId, quantity, status, holdId, outcomeUnknown } = leaving
  if (status === 'reserved') return { key, itemId, quantity, since, state: 'releasing', holdId }
  if (status !== 'pending' && !outcomeUnknown) return null
  return { key, itemId, quantity, since, state: 'cancelled', holdId: null }
}
