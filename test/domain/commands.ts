// Builders of commands, with defaults for what a test does not care about.
import { canonicalText } from '../../src/domain/cart/canonical-json.ts'
import type { Command, Operation } from '../../src/domain/cart/commands.ts'
import type { HoldId, ItemId } from '../../src/domain/ids.ts'
import type { JobKind, Outcome } from '../../src/domain/reservation/job.ts'
import { type Differently, holdOf, key, tea, type Without } from './facts.ts'
import { now } from './given.ts'

type Body = Without<Command, 'at' | 'actor' | 'id' | 'reserving'>

/** A command of now, with the id `new`: what it creates has the ids `new`, `new-0002` and so on. */
export const command = (body: Body, differently: Partial<Command> = {}): Command =>
  ({ at: now, actor: 'ada', id: 'new', reserving: true, ...body, ...differently }) as Command

export const add = (
  quantity: number,
  productId = 'tea',
  { name, attributes = {} }: Differently = {},
): Operation => ({
  type: 'add-item',
  productId,
  name: name ?? null,
  attributes,
  attributesKey: canonicalText(attributes),
  quantity,
})
export const set = (quantity: number, itemId: ItemId = tea): Operation => ({
  type: 'set-quantity',
  itemId,
  quantity,
})
export const remove = (itemId: ItemId = tea): Operation => ({ type: 'remove-item', itemId })
export const run = (...operations: readonly Operation[]): Command =>
  command({ type: 'run-operations', operations })
export const reserve = (itemId: ItemId = tea): Command => command({ type: 'reserve-item', itemId })

export const reserved = (name: string, holdId: HoldId = holdOf(name)): Outcome => ({
  kind: 'reserved',
  holdId,
})
export const soldOut: Outcome = { kind: 'refused', reason: 'sold out' }
export const gaveUp: Outcome = { kind: 'failed', reason: 'no answer', outcomeUnknown: false }
export const lost: Outcome = { kind: 'failed', reason: 'no answer', outcomeUnknown: true }
export const released: Outcome = { kind: 'released' }
export const withdrawn: Outcome = { kind: 'withdrawn' }

type Recorded = Extract<Body, { type: 'record-outcome' }>

/** The outcome of the job of a reservation; it must be one of its kind. */
export const outcomeOf = (
  name: string,
  outcome: Outcome,
  { jobKind = 'reserve' as JobKind, quantity = 5 } = {},
): Command => {
  const jobId = jobKind === 'release' ? `${name}.release` : name
  const about = { jobId, itemId: tea, key: key(name), quantity, attempts: 1 }
  return command({ type: 'record-outcome', ...about, jobKind, outcome } as Recorded)
}

export const requeue = (name: string, jobKind: JobKind = 'reserve'): Command =>
  command({
    type: 'requeue-job',
    jobId: jobKind === 'release' ? `${name}.release` : name,
    jobKind,
    itemId: tea,
    key: key(name),
  })
