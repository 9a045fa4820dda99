// A reservation is a hold of some units for an item, one for every addition.

/** Ours: made with the addition, the key towards the reservation service on every attempt. */
export type ReservationKey = string & { readonly brand: 'ReservationKey' }
/** Theirs: what the reservation service calls the hold it made. */
export type HoldId = string & { readonly brand: 'HoldId' }

export type ReservationStatus = 'waiting' | 'pending' | 'reserved' | 'unavailable' | 'failed'

export type Reservation = {
  readonly key: ReservationKey
  /** Units asked for outside. Fixed once the reservation is no longer waiting. */
  readonly quantity: number
  /**
   * Units of `quantity` that the item counts on. The `wanted` of all reservations of an item add up
   * to the item's quantity. Below `quantity` while a smaller hold is being made to replace it, and 0
   * for that replacement until it takes over.
   */
  readonly wanted: number
  readonly status: ReservationStatus
  /** Set once `reserved`. */
  readonly holdId: HoldId | null
  /** Calls made until it settled; 0 while it is under way. */
  readonly attempts: number
  readonly requestedAt: number
  readonly settledAt: number | null
  /** Why it is unavailable or failed, or why a hold is larger than wanted. */
  readonly reason: string | null
  /** The larger hold that this one is to take over from. */
  readonly replaces: ReservationKey | null
  /** Only on `failed`: the last call's answer was lost, so a hold may exist that nobody knows of. */
  readonly outcomeUnknown: boolean
}

/** Belongs to no item any more, but the reservation service may still hold units for it. */
export type Departing = {
  readonly key: ReservationKey
  readonly itemId: string
  readonly quantity: number
  /** `cancelled`: its request is under way. `releasing`: the hold is known and being given back. */
  readonly state: 'cancelled' | 'releasing'
  readonly holdId: HoldId | null
  readonly since: number
}

export const isUnderWay = (r: Reservation): boolean =>
  r.status === 'pending' || r.status === 'waiting'

/** A settled reservation that no later event needs to find beside its item. */
export const isAtRest = (r: Reservation): boolean =>
  !isUnderWay(r) && (r.status !== 'reserved' || r.wanted === r.quantity || r.reason !== null)
