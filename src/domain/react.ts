// What an event demands of the world outside: jobs to make, change or drop. The intent is committed in
// the same write as the event.
import type { ItemId } from './cart.ts'
import type { JobKind } from './commands.ts'
import type { CartEvent, LetGo, Requested } from './events.ts'
import type { HoldId, ReservationKey } from './reservation.ts'

/** A call to make. `id` is unique, and the same for the same call whoever asks for it. */
export type JobIntent = {
  readonly id: string
  readonly kind: JobKind
  readonly key: ReservationKey
  readonly itemId: ItemId
  /** Empty for a release. */
  readonly productId: string
  readonly quantity: number
  readonly holdId: HoldId | null
}

export type JobEffect =
  | { readonly type: 'put'; readonly job: JobIntent }
  /** From now on the job finds out whether a hold was made, and undoes it; also if it was buried. */
  | { readonly type: 'cancel'; readonly jobId: string }
  | { readonly type: 'drop'; readonly jobId: string }
  | { readonly type: 'bury'; readonly jobId: string; readonly reason: string }
  | { readonly type: 'requeue'; readonly jobId: string }

/** BullMQ allows no colon in job ids; a dot does as well everywhere. */
export const releaseJobId = (key: ReservationKey): string => `${key}.release`

export const react = (event: CartEvent): readonly JobEffect[] => {
  switch (event.type) {
    case 'item-added':
      return reserve(event, event.requested)
    case 'item-quantity-changed':
    case 'reservation-requested':
      return [...event.letGo.flatMap(letGo), ...reserve(event, event.requested)]
    case 'item-removed':
    case 'cart-cleared':
    case 'reservation-confirmed':
      return event.letGo.flatMap(letGo)
    case 'reservation-failed': {
      if (!event.superseded) return [{ type: 'bury', jobId: event.key, reason: event.reason }]
      return [{ type: event.outcomeUnknown ? 'cancel' : 'drop', jobId: event.key }]
    }
    case 'reservation-requeued':
      return [{ type: 'requeue', jobId: event.key }]
    case 'release-requested':
      return [release(event.key, event.itemId, event.quantity, event.holdId)]
    case 'release-failed':
      return [{ type: 'bury', jobId: event.jobId, reason: event.reason }]
    case 'release-requeued':
      return [{ type: 'requeue', jobId: event.jobId }]
    case 'reservation-refused':
    case 'reservation-released':
    case 'reservation-withdrawn':
      return []
    default:
      return event satisfies never
  }
}

const reserve = (
  { itemId, productId }: { readonly itemId: ItemId; readonly productId: string },
  requested: Requested | null,
): JobEffect[] => {
  if (requested?.status !== 'pending') return []
  const { key, quantity } = requested
  const job = { id: key, kind: 'reserve', key, itemId, productId, quantity, holdId: null } as const
  return [{ type: 'put', job }]
}

const release = (
  key: ReservationKey,
  itemId: ItemId,
  quantity: number,
  holdId: HoldId,
): JobEffect => ({
  type: 'put',
  job: {
    id: releaseJobId(key),
    kind: 'release',
    key,
    itemId,
    productId: '',
    quantity,
    holdId,
  },
})

const letGo = ({ key, itemId, quantity, status, holdId, outcomeUnknown }: LetGo): JobEffect[] => {
  switch (status) {
    case 'pending':
      return [{ type: 'cancel', jobId: key }]
    case 'failed':
      return [{ type: outcomeUnknown ? 'cancel' : 'drop', jobId: key }]
    case 'reserved':
      return holdId === null ? [] : [release(key, itemId, quantity, holdId)]
    case 'waiting':
    case 'unavailable':
      return []
    default:
      return status satisfies never
  }
}
