// What happened to a cart, in the past tense. Published and kept: a field here is a promise.
import type { HoldId, ItemId, ReservationKey } from '../ids.ts'
import type { Lowering } from '../reservation/plan-requests.ts'
import type { Leaving, Requested } from '../reservation/reservation.ts'
import type { ItemDetails, Price } from './item.ts'

/** Units are added to a line, or to a new one. */
export type ItemAdded = ItemDetails & {
  readonly type: 'item-added'
  readonly itemId: ItemId
  readonly quantity: number
  /** Absent when the catalog has none. */
  readonly unitPrice?: Price
  readonly requested: Requested | null
}

export type CartEvent = { readonly at: number } & (
  | ItemAdded
  | ({
      readonly type: 'item-quantity-changed'
      readonly itemId: ItemId
      readonly productId: string
      readonly quantity: number
      readonly requested: Requested | null
    } & Readonly<Lowering>)
  | {
      readonly type: 'item-removed'
      readonly itemId: ItemId
      readonly productId: string
      readonly quantity: number
      readonly letGo: readonly Leaving[]
    }
  | { readonly type: 'cart-cleared'; readonly letGo: readonly Leaving[] }
  | {
      readonly type: 'reservation-requested'
      readonly itemId: ItemId
      readonly productId: string
      /** Records of earlier refusals and failures that the new request replaces. */
      readonly letGo: readonly Leaving[]
      readonly requested: Requested
    }
  | {
      readonly type: 'reservation-confirmed'
      readonly itemId: ItemId
      readonly key: ReservationKey
      readonly holdId: HoldId
      readonly attempts: number
      /** The larger hold that this one took over from. */
      readonly letGo: readonly Leaving[]
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
export type EventOf<T extends EventType> = Extract<CartEvent, { readonly type: T }>

/** Whether the event changes what the shopper put in the cart, and so moves the version. */
const movesVersion: Readonly<Record<EventType, boolean>> = {
  'item-added': true,
  'item-quantity-changed': true,
  'item-removed': true,
  'cart-cleared': true,
  'reservation-requested': false,
  'reservation-confirmed': false,
  'reservation-refused': false,
  'reservation-failed': false,
  'reservation-requeued': false,
  'release-requested': false,
  'reservation-released': false,
  'reservation-withdrawn': false,
  'release-failed': false,
  'release-requeued': false,
}

export const eventTypes = Object.keys(movesVersion) as readonly EventType[]

export const changesContents = (event: CartEvent): boolean => movesVersion[event.type]
