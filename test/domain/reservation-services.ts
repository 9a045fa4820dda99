// Reservation services: one that honours keys and one that knows none.

import type { HoldId, ReservationKey } from '../../src/domain/ids.ts'
import type { Outcome } from '../../src/domain/reservation/job.ts'

export type Stock = 'has' | 'none'

export type ReservationService = {
  readonly grade: 'keyed' | 'bare'
  reserve(key: ReservationKey, stock: Stock): Outcome
  release(holdId: HoldId): Outcome
  /** Holds made and not released. */
  readonly active: ReadonlySet<HoldId>
}

const openService = (
  grade: ReservationService['grade'],
  holdOf: (key: ReservationKey) => string,
): ReservationService => {
  const answers = new Map<ReservationKey, Outcome>()
  const active = new Set<HoldId>()
  return {
    grade,
    active,
    reserve: (key, stock) => {
      const before = answers.get(key)
      if (before !== undefined && grade === 'keyed') return before
      const holdId = holdOf(key) as HoldId
      if (stock === 'has') active.add(holdId)
      const answer: Outcome =
        stock === 'has' ? { kind: 'reserved', holdId } : { kind: 'refused', reason: 'sold out' }
      answers.set(key, answer)
      return answer
    },
    release: (holdId) => {
      active.delete(holdId)
      return { kind: 'released' }
    },
  }
}

/** One answer to a key for ever, and one hold behind it at most. */
export const openKeyedService = (): ReservationService =>
  openService('keyed', (key) => `hold-${key}`)

/** Every request is a new one. */
export const openBareService = (): ReservationService => {
  let made = 0
  return openService('bare', () => {
    made += 1
    return `hold-${made}`
  })
}
