// Requests as HTTP makes them: commands with a time and an id, and what the headers add.
import type { CommandRequest, Encoders } from '../../src/application/carts/command-request.ts'
import { canonicalText } from '../../src/domain/cart/canonical-json.ts'
import type { Command, Intent, Operation } from '../../src/domain/cart/commands.ts'
import type { HoldId, ItemId } from '../../src/domain/ids.ts'
import type { Outcome, ReserveOutcome } from '../../src/domain/reservation/job.ts'
import type { Job } from '../../src/ports/store.ts'
import { ada, noon } from '../support/store-changes.ts'

export type Asked = Intent

let made = 0

/** Each has an id and a time of its own, in the order they are made. */
export const toCommand = (asked: Asked): Command => {
  made += 1
  const id = `c${String(made).padStart(8, '0')}`
  return { at: noon + made, actor: 'ada', id, reserving: true, ...asked } as Command
}

type Along = {
  readonly key?: string
  readonly caller?: string
  readonly fingerprint?: string
  readonly ifMatch?: readonly number[] | 'any'
}

/** The text names the command, so that a repeat that was decided again would be another answer. */
export const encoders: Encoders = {
  cart: ({ cart }) => JSON.stringify(cart),
  broken: () => {
    throw new TypeError('a defect')
  },
  summary: ({ command, cart, events }) =>
    `${command.id}: ${events.length} events, version ${cart.version}`,
}

export const toRequest = (asked: Asked, along: Along = {}, cartId = ada): CommandRequest => {
  const command = toCommand(asked)
  const { key, caller = 'ada', fingerprint = 'f', ifMatch = null } = along
  return {
    cartId,
    command,
    expected: ifMatch,
    repeatable: key === undefined ? null : { caller, key, fingerprint },
    lease: null,
    form: 'summary',
    decideBy: null,
  }
}

export const add = (quantity = 1, productId = 'tea'): Operation => ({
  type: 'add-item',
  productId,
  name: null,
  attributes: {},
  attributesKey: canonicalText({}),
  quantity,
})
export const set = (itemId: ItemId, quantity: number): Operation => ({
  type: 'set-quantity',
  itemId,
  quantity,
})
export const remove = (itemId: ItemId): Operation => ({ type: 'remove-item', itemId })
export const clear: Operation = { type: 'clear-cart' }

export const reserved = (holdId: string): ReserveOutcome => ({
  kind: 'reserved',
  holdId: holdId as HoldId,
})

/** What a worker records of a job; the outcome must be one of its kind. */
export const toRecord = (job: Job, outcome: Outcome): Asked => {
  const { id: jobId, kind: jobKind, itemId, key, quantity, attempts } = job
  const about = { type: 'record-outcome', jobId, itemId, key, quantity, attempts } as const
  return { ...about, jobKind, outcome } as Asked
}
