// What carts are asked, as it arrives from HTTP: commands with a time, an id and what came along.
import type { Request } from '../../src/application/decide-together.ts'
import { canonicalText } from '../../src/domain/attributes.ts'
import type { ItemId } from '../../src/domain/cart.ts'
import type { Command, Operation, Outcome } from '../../src/domain/commands.ts'
import type { HoldId } from '../../src/domain/reservation.ts'
import type { Job } from '../../src/ports/store.ts'
import { noon } from '../support/store-changes.ts'

// Omit would make one type of the union; this keeps its members apart.
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
export type Asked = Without<Command, 'at' | 'actor' | 'id' | 'reserving'>

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

/** Its answer tells who decided it, so that a repeat decided anew would be another answer. */
export const toRequest = (asked: Asked, along: Along = {}): Request => {
  const command = toCommand(asked)
  const { key, caller = 'ada', fingerprint = 'f', ifMatch = null } = along
  return {
    command,
    expected: ifMatch,
    repeatable: key === undefined ? null : { caller, key, fingerprint },
    respond: ({ cart, events }) => ({
      status: 200,
      headers: { etag: `"${cart.version}.${cart.revision}"` },
      body: `${command.id}: ${events.length} events, version ${cart.version}`,
    }),
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

export const reserved = (holdId: string): Outcome => ({
  kind: 'reserved',
  holdId: holdId as HoldId,
})

/** What a worker records of a job. */
export const toRecord = (job: Job, outcome: Outcome): Asked => {
  const { id: jobId, kind: jobKind, itemId, key, quantity, attempts } = job
  return { type: 'record-outcome', jobId, jobKind, itemId, key, quantity, attempts, outcome }
}
