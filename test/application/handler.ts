// A command handler over a store, with a short form of its requests.
import assert from 'node:assert/strict'
import type { Changed, CommandResult } from '../../src/application/carts/command-request.ts'
import { type CommandHandler, handleCommands } from '../../src/application/carts/handle-command.ts'
import { keepWarmCarts } from '../../src/application/carts/warm-carts.ts'
import type { Cart } from '../../src/domain/cart/cart.ts'
import type { Item } from '../../src/domain/cart/item.ts'
import { CartError, type ErrorCode } from '../../src/domain/errors.ts'
import type { CartId } from '../../src/domain/ids.ts'
import type { Store } from '../../src/ports/store.ts'
import { ada, noon } from '../support/store-changes.ts'
import { type Facts, openRecorder } from './recorder.ts'
import { type Asked, encoders, toRequest } from './requests.ts'

/** What a change did, and whether this is the answer to a repeat. */
export type Handled = {
  readonly response: Omit<Changed, 'kind' | 'isRepeat'>
  readonly replayed: boolean
}

/** Requests and results as they would cross to another thread or over a wire: as copies. */
export const toCloned = (handler: CommandHandler): CommandHandler => ({
  ...handler,
  handle: async (request) => structuredClone(await handler.handle(structuredClone(request))),
})

/** A refusal is thrown, so that tests read as sentences. */
export const orThrow = (result: CommandResult): Handled => {
  if (result.kind === 'refused') {
    const { code, message, cart } = result
    throw Object.assign(new CartError(code, message), cart !== undefined && { cart })
  }
  const { kind: _, isRepeat: replayed, ...response } = result
  return { response, replayed }
}

export type Handler = CommandHandler & {
  readonly facts: Facts
  /** How often it reported that jobs are due. */
  readonly nudges: () => number
  ask(asked: Asked, along?: Parameters<typeof toRequest>[1], cartId?: CartId): Promise<Handled>
}

/** `cold`: no cart is kept in memory. */
export const openHandler = (store: Store, carts: 'warm' | 'cold' = 'warm'): Handler => {
  const { reporter, facts } = openRecorder()
  const warmCarts = keepWarmCarts(carts === 'warm' ? 1_000_000 : 0)
  let nudges = 0
  const onJobs = () => {
    nudges += 1
  }
  const now = () => noon
  const parts = { store, warmCarts, encoders, reporter, now, onJobs }
  const handler = toCloned(handleCommands(parts))
  return {
    ...handler,
    facts,
    nudges: () => nudges,
    ask: async (asked, along, cartId = ada) =>
      orThrow(await handler.handle(toRequest(asked, along, cartId))),
  }
}

export const quantityOf = (cart: Cart): number =>
  cart.items.reduce((sum, item) => sum + item.quantity, 0)

export const onlyItem = (cart: Cart): Item => {
  const [item, ...others] = cart.items
  assert.ok(item !== undefined && others.length === 0, `one item, not ${cart.items.length}`)
  return item
}

export const isRefused =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof CartError && error.code === code

export const allRefused = (asked: readonly Promise<unknown>[], code: ErrorCode) =>
  Promise.all(asked.map((one) => assert.rejects(one, isRefused(code))))
