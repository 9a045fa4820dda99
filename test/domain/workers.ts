// Workers that call the reservation service for the jobs of a cart, die and come back; answers that
// come late, twice or never.

import type { HoldId } from '../../src/domain/ids.ts'
import type { JobKind, Outcome } from '../../src/domain/reservation/job.ts'
import type { Application, Asked, Row } from './application.ts'
import type { ReservationService, Stock } from './reservation-services.ts'

/** `answer`: received. `again`: to be retried. `rejected`: will never work. `lost`: no answer. */
export type Ending = 'answer' | 'again' | 'rejected' | 'lost' | 'give up'

export type Call = {
  readonly row: Row
  readonly kind: JobKind
  /** No call of this job was begun before. */
  readonly isFirst: boolean
  readonly wasLost: boolean
  outcome: Outcome | null
  /** No worker waits for the answer any more. */
  abandoned: boolean
}

export type Recorded = Extract<Asked, { type: 'record-outcome' }>

export type World = {
  readonly app: Application
  readonly service: ReservationService
  readonly calls: Call[]
  readonly recorded: Recorded[]
  /** Made by calls whose answers were lost. */
  readonly lostHolds: Set<HoldId>
}

const take = <T>(list: T[], value: T): void => {
  const index = list.indexOf(value)
  if (index >= 0) list.splice(index, 1)
}

export const live = ({ app }: World): Row[] => [...app.jobs.values()].filter((row) => !row.buried)
export const awaited = ({ calls }: World): Call[] => calls.filter((call) => !call.abandoned)

export const claim = ({ calls }: World, row: Row): Call => {
  // Another worker still has it: its lease ran out, the outcome of its call is unknown.
  if (calls.some((call) => call.row === row)) row.lost = true
  const call = {
    row,
    kind: row.kind,
    isFirst: row.sent === 0,
    wasLost: row.lost,
    outcome: null,
    abandoned: false,
  }
  row.sent += 1
  calls.push(call)
  return call
}

/** The service carries a call out, maybe long after its caller has given up. */
export const serve = (world: World, call: Call, stock: Stock): Outcome => {
  const { service, calls } = world
  call.outcome ??= carryOut(service, call, stock)
  if (call.abandoned) {
    take(calls, call)
    forget(world, call)
  }
  return call.outcome
}

const carryOut = (service: ReservationService, call: Call, stock: Stock): Outcome => {
  const { job } = call.row
  if (job.kind === 'release') return service.release(job.holdId)
  // Without keys the outcome of a lost call cannot be found out; another would make a second hold.
  if (call.kind === 'cancel' && service.grade === 'bare') return { kind: 'withdrawn' }
  return service.reserve(job.key, stock)
}

const answerOf = (world: World, call: Call, stock: Stock): Outcome => {
  const isSent = call.outcome !== null || !call.isFirst || call.wasLost || call.row.lost
  return call.kind === 'cancel' && !isSent ? { kind: 'withdrawn' } : serve(world, call, stock)
}

const forget = ({ lostHolds, service }: World, { outcome }: Call): void => {
  if (service.grade === 'bare' && outcome?.kind === 'reserved') lostHolds.add(outcome.holdId)
}

const record = (world: World, call: Call, outcome: Outcome): void => {
  take(world.calls, call)
  const { id: jobId, key, itemId, quantity } = call.row.job
  const about = { jobId, itemId, key, quantity, attempts: 1 }
  const recorded = { type: 'record-outcome', ...about, jobKind: call.kind, outcome } as Recorded
  world.recorded.push(recorded)
  world.app.handle(recorded)
}

export const end = (world: World, call: Call, ending: Ending, stock: Stock): void => {
  const { row } = call
  if (ending === 'lost' || ending === 'give up') {
    row.lost = true
    call.abandoned = true
    if (call.outcome !== null) {
      take(world.calls, call)
      forget(world, call)
    }
    if (ending === 'lost') return
    const isAtWork = call.outcome === null
    record(world, call, { kind: 'failed', reason: ending, outcomeUnknown: true })
    // The service may carry it out yet.
    if (isAtWork) world.calls.push(call)
  } else if (ending === 'answer' || call.outcome !== null) {
    record(world, call, answerOf(world, call, stock))
  } else if (ending === 'rejected') {
    const outcomeUnknown = call.wasLost || row.lost
    record(world, call, { kind: 'failed', reason: ending, outcomeUnknown })
  } else take(world.calls, call)
}

/** An answer comes again, from a worker that does not know whether it was recorded. */
export const repeat = ({ app, calls }: World, asked: Recorded): void => {
  const { outcome } = asked
  const row = app.jobs.get(asked.jobId)
  // While other calls are under way it is unknown whether anything is held.
  const outcomeUnknown = row !== undefined && (row.lost || calls.some((call) => call.row === row))
  app.handle(
    outcome.kind === 'failed' && outcomeUnknown
      ? { ...asked, outcome: { ...outcome, outcomeUnknown } }
      : asked,
  )
}
