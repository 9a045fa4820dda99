// A cart with its job table and its stored reservations, driven as the application does it:
// decide, apply, spill, carry the effects out. Checks the counters at every command.
import assert from 'node:assert/strict'
import { type Cart, emptyCart } from '../../src/domain/cart/cart.ts'
import type { Command, RequeueJob } from '../../src/domain/cart/commands.ts'
import { decide } from '../../src/domain/cart/decide.ts'
import type { CartEvent } from '../../src/domain/cart/events.ts'
import { applyEvents } from '../../src/domain/cart/evolve.ts'
import { olderNeeded, spill, withOlder } from '../../src/domain/cart/older.ts'
import { type JobEffect, react } from '../../src/domain/cart/react.ts'
import { CartError } from '../../src/domain/errors.ts'
import type { ItemId } from '../../src/domain/ids.ts'
import type { JobIntent, JobKind } from '../../src/domain/reservation/job.ts'
import type { Reservation } from '../../src/domain/reservation/reservation.ts'
import { cartId, type Without } from './facts.ts'
import { freeze } from './given.ts'

export type Row = {
  readonly job: JobIntent
  kind: JobKind
  buried: boolean
  /** Calls begun since it was made or requeued. */
  sent: number
  /** A call was sent whose answer was lost. */
  lost: boolean
}

export type Asked = Without<Command, 'at' | 'actor' | 'id' | 'reserving'>

export type Application = {
  cart: Cart
  readonly older: Map<ItemId, readonly Reservation[]>
  readonly jobs: Map<string, Row>
  /** Every job that was ever buried, as the operator saw it then. */
  readonly noticed: RequeueJob[]
  handle(asked: Asked, reserving?: boolean): void
}

export const openApplication = (): Application => {
  let commands = 0
  const app: Application = {
    cart: emptyCart(cartId),
    older: new Map(),
    jobs: new Map(),
    noticed: [],
    handle: (asked, reserving = true) => {
      commands += 1
      const id = `c${commands}`
      const command = { at: commands, actor: 'any', id, reserving, ...asked } as Command
      const before = complete(app, command)
      const events = tryDecide(before, command)
      if (events === 'refused') return
      const after = applyEvents(before, events, command.at)
      assertCounters(before, after, command, events)
      carryOut(app, command, events)
      app.cart = store(app.older, before, after)
    },
  }
  return app
}

const tryDecide = (cart: Cart, command: Command): readonly CartEvent[] | 'refused' => {
  try {
    return decide(freeze(cart), command)
  } catch (error) {
    if (error instanceof CartError) return 'refused'
    throw error
  }
}

const complete = ({ cart, older }: Application, command: Command): Cart =>
  olderNeeded(cart, command).reduce((c, id) => withOlder(c, id, older.get(id) ?? []), cart)

/** The cart as it is stored: what is spilled goes to rows of its own. */
const store = (older: Application['older'], before: Cart, after: Cart): Cart => {
  const items = after.items.map((item) => {
    const spilled = spill(item)
    // Rows that the command was decided with came back to their item.
    const apart = item.older.count > 0 ? (older.get(item.id) ?? []) : []
    older.set(item.id, [...apart, ...spilled.older])
    return spilled.item
  })
  const kept = new Set(items.map((item) => item.id))
  for (const { id } of before.items) if (!kept.has(id)) older.delete(id)
  return { ...after, items }
}

const contentsOf = (cart: Cart): string =>
  JSON.stringify(cart.items.map(({ id, name, quantity }) => [id, name, quantity]))

const background = new Set<string>(['record-outcome', 'requeue-job', 'reserve-item'])

const assertCounters = (
  before: Cart,
  after: Cart,
  command: Command,
  events: readonly CartEvent[],
): void => {
  const moved = after.version - before.version
  assert.equal(after.revision - before.revision, events.length === 0 ? 0 : 1)
  assert.ok(moved === 0 || moved === 1)
  if (contentsOf(before) !== contentsOf(after)) assert.equal(moved, 1)
  if (background.has(command.type) || events.length === 0) assert.equal(moved, 0)
  assert.equal(after.updatedAt, events.length === 0 ? before.updatedAt : command.at)
}

const carryOut = (app: Application, command: Command, events: readonly CartEvent[]): void => {
  const effects = events.flatMap(react)
  for (const effect of effects) carryOutOne(app, effect)
  const own =
    command.type === 'record-outcome' || command.type === 'requeue-job' ? command.jobId : ''
  const goesOn = effects.some((e) => e.type !== 'put' && e.jobId === own)
  // The worker is done with its job; a requeue without effect means that no reservation needs it.
  if (command.type === 'record-outcome' && !goesOn) app.jobs.delete(own)
  if (command.type === 'requeue-job' && events.length === 0) app.jobs.delete(own)
}

const carryOutOne = ({ jobs, noticed }: Application, effect: JobEffect): void => {
  if (effect.type === 'put') {
    const { job } = effect
    if (jobs.has(job.id)) return
    jobs.set(job.id, { job, kind: job.kind, buried: false, sent: 0, lost: false })
    return
  }
  const { type, jobId } = effect
  const row = jobs.get(jobId)
  assert.ok(row, `there is a job ${jobId} to ${type}`)
  const { key, itemId } = row.job
  switch (type) {
    case 'cancel':
      row.kind = 'cancel'
      row.buried = false
      return
    case 'drop':
      jobs.delete(jobId)
      return
    case 'bury':
      row.buried = true
      noticed.push({ type: 'requeue-job', jobId, jobKind: row.kind, itemId, key })
      return
    case 'requeue':
      row.buried = false
      row.sent = 0
      return
    default:
      throw new Error(`unknown effect ${type satisfies never}`)
  }
}
