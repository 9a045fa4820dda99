// What happened to a cart, in the past tense. Published and kept: a field here is a promise.
import type { ItemId, JsonObject, Price } from './cart.ts'
import type { HoldId, ReservationKey, ReservationStatus } from './reservation.ts'

/**
 * Units asked for under a key. `waiting` with a key that is waiting already adds the units to it;
 * `pending` with such a key starts it, with all its units.
 */
export type Requested = {
  readonly key: ReservationKey
  readonly quantity: number
  readonly status: 'pending' | 'waiting'
  readonly replaces: ReservationKey | null
}

/** A reservation that leaves its item, as it was when it left. */
export type LetGo = {
  readonly key: ReservationKey
  readonly itemId: ItemId
  readonly quantity: number
  readonly status: ReservationStatus
  readonly holdId: HoldId | null
  readonly outcomeUnknown: boolean
}

export type CartEvent = { readonly at: number } & (
  | {
      readonly type: 'item-added'
      readonly itemId: ItemId
      readonly productId: string
      readonly name: string | null
      readonly attributes: JsonObject
      readonly attributesKey: string
      readonly quantity: number
      /** Absent when the catalogue has none. */
      readonly unitPrice?: Price
      readonly requested: Requested | null
    }
  | {
      readonly type: 'item-quantity-changed'
      readonly itemId: ItemId
      readonly productId: string
      readonly quantity: number
      /** New `wanted` of reservations that keep a part of their units. */
      readonly lowered: readonly { readonly key: ReservationKey; readonly wanted: number }[]
      readonly letGo: readonly LetGo[]
      readonly requested: Requested | null
    }
  | {
      readonly type: 'item-removed'
      readonly itemId: ItemId
      readonly productId: string
      readonly quantity: number
      readonly letGo: readonly LetGo[]
    }
  | { readonly type: 'cart-cleared'; readonly letGo: readonly LetGo[] }
  | {
      readonly type: 'reservation-requested'
      readonly itemId: ItemId
      readonly productId: string
      /** Records of earlier refusals and failures that the new request takes the place of. */
      readonly letGo: readonly LetGo[]
      readonly requested: Requested
    }
  | {
      readonly type: 'reservation-confirmed'
      readonly itemId: ItemId
      readonly key: ReservationKey
      readonly holdId: HoldId
      readonly attempts: number
      /** The larger hold that this one took over from. */
      readonly letGo: readonly LetGo[]
    }
  | {
      readonly type: 'reservation-refused'
      readonly itemId: ItemId
      readonly key: ReservationKey
      readonly reason: string
      readonly attempts: number
    }
  | {
      readonly type: 'reservation-failed'
      readonly itemId: ItemId
      readonly key: ReservationKey
      readonly reason: string
      readonly attempts: number
      readonly outcomeUnknown: boolean
      /** Its units are asked for under another key, or not wanted any more: nothing to requeue. */
      readonly superseded: boolean
    }
  | {
      readonly type: 'reservation-requeued'
      readonly itemId: ItemId
      readonly key: ReservationKey
    }
  | {
      readonly type: 'release-requested'
      readonly itemId: ItemId
      readonly key: ReservationKey
      readonly quantity: number
      readonly holdId: HoldId
    }
  | { readonly type: 'reservation-released'; readonly key: ReservationKey }
  | { readonly type: 'reservation-withdrawn'; readonly key: ReservationKey }
  | {
      readonly type: 'release-failed'
      readonly key: ReservationKey
      readonly jobId: string
      readonly reason: string
    }
  | { readonly type: 'release-requeued'; readonly key: ReservationKey; readonly jobId: string }
)

export type EventType = CartEvent['type']

const contents: ReadonlySet<EventType> = new Set<EventType>([
  'item-added',
  'item-quantity-changed',
  'item-removed',
  'cart-cleared',
])

/** Whether the event changes what the shopper put in the cart, and so moves the version. */
export const changesContents = (event: CartEvent): boolean => contents.has(event.type)
