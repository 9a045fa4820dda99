// What an event demands of the world outside: jobs to make, change or drop. The intent is committed in
// the same write as the event.
import type { ItemId } from '../ids.ts'
import { type JobIntent, type ReleaseJob, releaseJobId } from '../reservation/job.ts'
import type { Leaving, Requested } from '../reservation/reservation.ts'
import type { CartEvent } from './events.ts'

export type JobEffect =
  | { readonly type: 'put'; readonly job: JobIntent }
  /** From now on the job finds out whether a hold was made, and undoes it; also if it was buried. */
  | { readonly type: 'cancel'; readonly jobId: string }
  | { readonly type: 'drop'; readonly jobId: string }
  | { readonly type: 'bury'; readonly jobId: string; readonly reason: string }
  | { readonly type: 'requeue'; readonly jobId: string }

export const react = (event: CartEvent): readonly JobEffect[] => {
  switch (event.type) {
    case 'item-added':
      return reserve(event, event.requested)
    case 'item-quantity-changed':
    case 'reservation-requested':
      return [...event.letGo.flatMap(undo), ...reserve(event, event.requested)]
    case 'item-removed':
    case 'cart-cleared':
    case 'reservation-confirmed':
      return event.letGo.flatMap(undo)
    case 'reservation-failed': {
      if (!event.superseded) return [{ type: 'bury', jobId: event.key, reason: event.reason }]
      return [{ type: event.outcomeUnknown ? 'cancel' : 'drop', jobId: event.key }]
    }
    case 'reservation-requeued':
      return [{ type: 'requeue', jobId: event.key }]
    case 'release-requested':
      return [release(event)]
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
  return [{ type: 'put', job: { id: key, kind: 'reserve', key, itemId, productId, quantity } }]
}

const release = ({
  key,
  itemId,
  quantity,
  holdId,
}: Pick<ReleaseJob, 'key' | 'itemId' | 'quantity' | 'holdId'>): JobEffect => ({
  type: 'put',
  job: { id: releaseJobId(key), kind: 'release', key, itemId, quantity, holdId },
})

/** The job that undoes what a reservation that leaves its item did outside, or may have done. */
const undo = (leaving: Leaving): JobEffect[] => {
  switch (leaving.status) {
    case 'pending':
      return [{ type: 'cancel', jobId: leaving.key }]
    case 'failed':
      return [{ type: leaving.outcomeUnknown ? 'cancel' : 'drop', jobId: leaving.key }]
    case 'reserved':
      return [release(leaving)]
    case 'waiting':
    case 'unavailable':
      return []
    default:
      return leaving satisfies never
  }
}
