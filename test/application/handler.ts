// A command handler over a store, with short words to ask it things.
import assert from 'node:assert/strict'
import {
  type CommandHandler,
  type Handled,
  handleCommands,
} from '../../src/application/handle-command.ts'
import { keepWarmCarts } from '../../src/application/warm-carts.ts'
import type { Cart, CartId, Item } from '../../src/domain/cart.ts'
import { CartError, type ErrorCode } from '../../src/domain/errors.ts'
import type { Store } from '../../src/ports/store.ts'
import { ada } from '../support/store-changes.ts'
import { type Facts, openRecorder } from './recorder.ts'
import { type Asked, toRequest } from './requests.ts'

export type Handler = CommandHandler & {
  readonly facts: Facts
  /** How often it said that jobs are due. */
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
  const handler = handleCommands({ store, warmCarts, reporter, onJobs })
  return {
    ...handler,
    facts,
    nudges: () => nudges,
    ask: (asked, along, cartId = ada) => handler.handle(cartId, toRequest(asked, along)),
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
