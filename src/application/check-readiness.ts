// Whether the service can serve now, part by part.
import type { Catalog } from '../ports/catalog.ts'
import type { JobQueue } from '../ports/job-queue.ts'
import type { Reporter } from '../ports/reporter.ts'
import type { ReservationClient } from '../ports/reservation-client.ts'
import type { Store } from '../ports/store.ts'

export type Check = {
  readonly status: 'ok' | 'degraded' | 'unavailable'
  readonly [more: string]: unknown
}

export type Readiness = {
  /** Ready and degraded serve; draining is about to end. */
  readonly status: 'ready' | 'degraded' | 'unavailable' | 'draining'
  readonly checks: Readonly<Record<string, Check>>
}

/** What does not answer before `patience` is aborted is not ready. Never throws. */
export type CheckReadiness = (patience: AbortSignal) => Promise<Readiness>

type Parts = {
  readonly store: Pick<Store, 'name' | 'durability' | 'check'>
  readonly catalog: Pick<Catalog, 'name' | 'check'>
  /** Null while reservations are off. */
  readonly client: Pick<ReservationClient, 'breaker'> | null
  /** Null when workers look into the store. */
  readonly queue: Pick<JobQueue, 'name' | 'isUp'> | null
  readonly reporter: Reporter
  readonly isDraining: () => boolean
}

export const checkReadiness = (parts: Parts): CheckReadiness => {
  const { store, catalog, client, queue, reporter } = parts
  const answers = async (what: string, check: Promise<void>, patience: AbortSignal) => {
    try {
      await Promise.race([check, rejectedBy(patience)])
      return true
    } catch (error) {
      reporter.checkFailed(what, error)
      return false
    }
  }
  return async (patience) => {
    const storeIsUp = await answers('the store', store.check(), patience)
    const breaker = client?.breaker() ?? 'off'
    const checks: Record<string, Check> = {
      store: {
        status: storeIsUp ? 'ok' : 'unavailable',
        name: store.name,
        durability: store.durability,
      },
      reservations: { status: breaker === 'open' ? 'degraded' : 'ok', breaker },
    }
    if (catalog.name !== 'open') {
      const isUp = await answers('the catalog', catalog.check(), patience)
      checks.catalog = { status: isUp ? 'ok' : 'degraded', name: catalog.name }
    }
    if (queue !== null) {
      checks.queue = { status: queue.isUp() ? 'ok' : 'degraded', name: queue.name }
    }
    return { status: statusOf(checks, parts.isDraining()), checks }
  }
}

const statusOf = (
  checks: Readonly<Record<string, Check>>,
  isDraining: boolean,
): Readiness['status'] => {
  if (isDraining) return 'draining'
  const statuses = Object.values(checks).map(({ status }) => status)
  if (statuses.includes('unavailable')) return 'unavailable'
  return statuses.includes('degraded') ? 'degraded' : 'ready'
}

const rejectedBy = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const late = () => reject(new Error('no answer in time'))
    if (signal.aborted) late()
    else signal.addEventListener('abort', late, { once: true })
  })
