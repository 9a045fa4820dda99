// A cart service and the reservation service outside, one small step at a time, in any order:
// shoppers, workers and an operator.

import type { Operation } from '../../src/domain/cart/commands.ts'
import type { JsonObject } from '../../src/domain/cart/item.ts'
import type { ItemId } from '../../src/domain/ids.ts'
import { openApplication } from './application.ts'
import { add, remove, set } from './commands.ts'
import { assertInvariants, assertSettled } from './invariants.ts'
import type { ReservationService, Stock } from './reservation-services.ts'
import { awaited, claim, type Ending, end, live, repeat, serve, type World } from './workers.ts'

/** Numbers pick one of what there is at that time. */
export type Step =
  | { readonly type: 'shop'; readonly choices: readonly Choice[]; readonly reserving: boolean }
  | { readonly type: 'reserve'; readonly pick: number }
  | { readonly type: 'claim'; readonly pick: number }
  | { readonly type: 'serve'; readonly pick: number; readonly stock: Stock }
  | {
      readonly type: 'end'
      readonly pick: number
      readonly ending: Ending
      readonly stock: Stock
    }
  | { readonly type: 'repeat'; readonly pick: number }
  | { readonly type: 'requeue'; readonly pick: number }
  | { readonly type: 'pile up'; readonly pick: number; readonly units: readonly number[] }
  | { readonly type: 'live through'; readonly pick: number; readonly stocks: readonly Stock[] }

/** What a shopper does, to a product or an item yet to be picked. */
export type Choice =
  | { readonly op: 'add'; readonly pick: number; readonly units: number; readonly size: string }
  | { readonly op: 'set'; readonly pick: number; readonly units: number }
  | { readonly op: 'remove'; readonly pick: number }
  | { readonly op: 'clear' }

const pickOf = <T>(list: readonly T[], pick: number): T | undefined => list[pick % list.length]

const products = ['tea', 'cup', 'pot'] as const
const productOf = (pick: number): string => products[pick % products.length] ?? 'tea'

const operationOf = (choice: Choice, itemId: (pick: number) => ItemId): Operation => {
  switch (choice.op) {
    case 'add': {
      const attributes: JsonObject = choice.size === '' ? {} : { size: choice.size }
      return add(choice.units, productOf(choice.pick), { attributes })
    }
    case 'set':
      return set(choice.units, itemId(choice.pick))
    case 'remove':
      return remove(itemId(choice.pick))
    case 'clear':
      return { type: 'clear-cart' }
    default:
      return choice satisfies never
  }
}

const step = (world: World, now: Step): void => {
  const { app } = world
  const itemId = (pick: number): ItemId => pickOf(app.cart.items, pick)?.id ?? ('unknown' as ItemId)
  switch (now.type) {
    case 'shop': {
      const [only, ...more] = now.choices.map((c) => operationOf(c, itemId))
      if (only === undefined) return
      const all = { type: 'run-operations', operations: [only, ...more] } as const
      app.handle(more.length === 0 ? only : all, now.reserving)
      return
    }
    case 'reserve':
      app.handle({ type: 'reserve-item', itemId: itemId(now.pick) })
      return
    case 'claim': {
      const row = pickOf(live(world), now.pick)
      if (row !== undefined) claim(world, row)
      return
    }
    case 'serve': {
      const call = pickOf(world.calls, now.pick)
      if (call !== undefined) serve(world, call, now.stock)
      return
    }
    case 'end': {
      const call = pickOf(awaited(world), now.pick)
      if (call !== undefined) end(world, call, now.ending, now.stock)
      return
    }
    case 'repeat': {
      const recorded = pickOf(world.recorded, now.pick)
      if (recorded !== undefined) repeat(world, recorded)
      return
    }
    case 'requeue': {
      const asked = pickOf(app.noticed, now.pick)
      if (asked !== undefined) app.handle(asked)
      return
    }
    case 'pile up':
      for (const units of now.units) app.handle(add(units, productOf(now.pick)))
      return
    case 'live through':
      for (const stock of now.stocks) addAndSettle(world, productOf(now.pick), stock)
      return
    default:
      throw new Error(`unknown step ${now satisfies never}`)
  }
}

/** One unit, reserved or refused at once: what makes an item old. */
const addAndSettle = (world: World, productId: string, stock: Stock): void => {
  const known = new Set(world.app.jobs.keys())
  world.app.handle(add(1, productId))
  for (const row of live(world)) {
    if (!known.has(row.job.id)) end(world, claim(world, row), 'answer', stock)
  }
}

// A drain that takes longer never ends.
const roundsMax = 200

const drain = (world: World, check: () => void, stockOf: () => Stock): void => {
  for (let round = 0; round < roundsMax; round += 1) {
    for (const call of [...world.calls]) {
      if (call.abandoned) serve(world, call, stockOf())
      else end(world, call, 'answer', stockOf())
      check()
    }
    for (const row of live(world)) {
      // An earlier one of this round may have settled it.
      if (world.app.jobs.get(row.job.id) !== row || row.buried) continue
      end(world, claim(world, row), 'answer', stockOf())
      check()
    }
    for (const asked of [...world.app.noticed]) {
      const row = world.app.jobs.get(asked.jobId)
      if (row?.buried) world.app.handle({ ...asked, jobKind: row.kind })
      check()
    }
    if (world.app.jobs.size === 0 && world.calls.length === 0) return
  }
  throw new Error('the jobs never settle')
}

export type Play = {
  readonly steps: readonly Step[]
  /** What the service has when everything settles. */
  readonly stocks: readonly Stock[]
  readonly reserving: 'always' | 'at times'
  readonly service: ReservationService
}

/** Takes the steps, then lets everything settle, and settle again after every answer came twice. */
export const play = ({ steps, stocks, reserving, service }: Play): void => {
  const app = openApplication()
  const world: World = { app, service, calls: [], recorded: [], lostHolds: new Set() }
  const check = () => assertInvariants(app, service, reserving)
  for (const now of steps) {
    step(world, now)
    check()
  }
  let drawn = 0
  drain(world, check, () => stocks[drawn++ % stocks.length] ?? 'has')
  assertSettled(world, reserving)
  for (const recorded of [...world.recorded]) {
    repeat(world, recorded)
    check()
  }
  drain(world, check, () => 'has')
  assertSettled(world, reserving)
}
