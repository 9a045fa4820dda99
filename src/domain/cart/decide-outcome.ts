// Decides what the outcome of a reservation job means for the cart as it is now, which may have moved
// on: the item may be gone, another worker may have been faster, the answer may come twice.
import { CartError } from '../errors.ts'
import type { HoldId, ReservationKey } from '../ids.ts'
import { limits } from '../limits.ts'
import type { JobKind, Outcome } from '../reservation/job.ts'
import { hasFreeSlot } from '../reservation/plan-requests.ts'
import {
  type Departing,
  type Reservation,
  replacedBy,
  toLeaving,
} from '../reservation/reservation.ts'
import { type Cart, findItem } from './cart.ts'
import type { RecordOutcome, RequeueJob } from './commands.ts'
import type { CartEvent } from './events.ts'
import type { Item } from './item.ts'

type Ids = { readonly at: number; readonly nextId: () => string }
type Failed = Extract<Outcome, { readonly kind: 'failed' }>

export const decideOutcome = (
  cart: Cart,
  command: RecordOutcome,
  ids: Ids,
): readonly CartEvent[] => {
  const departing = cart.departing.find((d) => d.key === command.key)
  if (command.jobKind === 'release') return settleRelease(departing, command, ids)
  const item = findItem(cart, command.itemId)
  const reservation = item?.reservations.find((r) => r.key === command.key)
  if (item !== undefined && reservation !== undefined) {
    // Given up is not settled: its job is there still, buried, and any answer to it counts.
    return reservation.status === 'pending' || reservation.status === 'failed'
      ? settle(item, reservation, command, ids)
      : arriveLate(item, reservation, command, ids)
  }
  return departing === undefined
    ? releaseStray(null, command, ids)
    : settleDeparting(departing, command, ids)
}

type RecordReserve = Extract<RecordOutcome, { readonly jobKind: 'reserve' | 'cancel' }>
type RecordRelease = Extract<RecordOutcome, { readonly jobKind: 'release' }>

const settle = (
  item: Item,
  reservation: Extract<Reservation, { readonly status: 'pending' | 'failed' }>,
  { outcome, attempts }: RecordReserve,
  { at }: Ids,
): readonly CartEvent[] => {
  const { key } = reservation
  const base = { at, itemId: item.id, key, attempts }
  switch (outcome.kind) {
    case 'reserved': {
      const replaced = item.reservations.filter((r) => r.key === replacedBy(reservation))
      const letGo = replaced.map((r) => toLeaving(item.id, r))
      return [{ type: 'reservation-confirmed', ...base, holdId: outcome.holdId, letGo }]
    }
    case 'refused':
      return [{ type: 'reservation-refused', ...base, reason: outcome.reason }]
    case 'failed': {
      const superseded =
        replacedBy(reservation) !== null || item.reservations.some((r) => replacedBy(r) === key)
      const { reason } = outcome
      const wasUnknown = reservation.status === 'failed' && reservation.outcomeUnknown
      const outcomeUnknown = outcome.outcomeUnknown || wasUnknown
      return [{ type: 'reservation-failed', ...base, reason, outcomeUnknown, superseded }]
    }
    case 'withdrawn':
      return []
    default:
      return outcome satisfies never
  }
}

/** An answer to a request that was settled without it, by another worker. */
const arriveLate = (
  item: Item,
  reservation: Reservation,
  command: RecordReserve,
  ids: Ids,
): readonly CartEvent[] => {
  const { outcome, attempts, key } = command
  if (outcome.kind !== 'reserved') return []
  if (reservation.status === 'reserved') {
    return releaseStray(reservation.holdId, command, ids)
  }
  const { holdId } = outcome
  const at = ids.at
  return [{ type: 'reservation-confirmed', at, itemId: item.id, key, holdId, attempts, letGo: [] }]
}

const settleDeparting = (
  departing: Departing,
  command: RecordReserve,
  ids: Ids,
): readonly CartEvent[] => {
  const { at } = ids
  const { outcome, itemId } = command
  const { key, quantity, state } = departing
  switch (outcome.kind) {
    case 'reserved': {
      if (state === 'releasing') return releaseStray(departing.holdId, command, ids)
      return [{ type: 'release-requested', at, itemId, key, quantity, holdId: outcome.holdId }]
    }
    case 'refused':
    case 'withdrawn':
      return state === 'cancelled' ? [{ type: 'reservation-withdrawn', at, key }] : []
    case 'failed':
      return state === 'cancelled' ? giveUp(departing, command, outcome, at) : []
    default:
      return outcome satisfies never
  }
}

const giveUp = (
  { key }: Departing,
  { itemId, jobId, jobKind, attempts }: RecordReserve,
  { reason, outcomeUnknown }: Failed,
  at: number,
): readonly CartEvent[] => {
  if (!outcomeUnknown) return [{ type: 'reservation-withdrawn', at, key }]
  if (jobKind === 'cancel') return [{ type: 'release-failed', at, key, jobId, reason }]
  // The call was begun before the reservation left: finding out and undoing is yet to be tried.
  const failed = { itemId, key, attempts, reason, outcomeUnknown, superseded: true }
  return [{ type: 'reservation-failed', at, ...failed }]
}

/** Of a hold that is given back already, or was never this job's to give back, nothing is left to do. */
const settleRelease = (
  departing: Departing | undefined,
  { key, jobId, outcome }: RecordRelease,
  { at }: Ids,
): readonly CartEvent[] => {
  if (departing?.state !== 'releasing') return []
  switch (outcome.kind) {
    case 'released':
      return [{ type: 'reservation-released', at, key }]
    case 'failed':
      return [{ type: 'release-failed', at, key, jobId, reason: outcome.reason }]
    default:
      return outcome satisfies never
  }
}

/** A hold that no reservation of the cart knows of is given back under a key of its own. */
const releaseStray = (
  known: HoldId | null,
  { outcome, itemId, quantity }: RecordReserve,
  { at, nextId }: Ids,
): readonly CartEvent[] => {
  if (outcome.kind !== 'reserved' || outcome.holdId === known) return []
  const key = nextId() as ReservationKey
  return [{ type: 'release-requested', at, itemId, key, quantity, holdId: outcome.holdId }]
}

/** Once the hold is known its release job works on it, until then the job of its request. */
const isWorkedOnBy = ({ state }: Departing, jobKind: JobKind): boolean =>
  (state === 'releasing') === (jobKind === 'release')

/** No events when the job's reservation has moved on: the job is then to be dropped. */
export const decideRequeue = (
  cart: Cart,
  command: RequeueJob & { readonly at: number },
): readonly CartEvent[] => {
  const { at, itemId, key, jobId, jobKind } = command
  // Its job may have been called off since the operator saw it.
  const departing = cart.departing.find((d) => d.key === key)
  if (departing !== undefined) {
    return isWorkedOnBy(departing, jobKind) ? [{ type: 'release-requeued', at, key, jobId }] : []
  }
  const item = findItem(cart, itemId)
  const reservation = item?.reservations.find((r) => r.key === key)
  if (reservation?.status === 'pending') {
    throw new CartError('job-not-found', 'The job is not buried any more: it is under way.')
  }
  if (item === undefined || reservation?.status !== 'failed') return []
  if (!hasFreeSlot(item.reservations)) {
    throw new CartError(
      'item-busy',
      `The item has ${limits.pendingPerItem} reservations under way; requeue when one settles.`,
    )
  }
  return [{ type: 'reservation-requeued', at, itemId, key }]
}
