// Decides what a command does to a cart: events, none when it changes nothing, or a refusal.
import { CartError } from '../errors.ts'
import type { ItemId } from '../ids.ts'
import { limits } from '../limits.ts'
import { fillSlots, lowerBy, requestUnits } from '../reservation/plan-requests.ts'
import { type Leaving, toLeaving } from '../reservation/reservation.ts'
import { type Cart, findItem, findLine } from './cart.ts'
import { type AddItem, type ClearCart, type Command, idsOf, type Operation } from './commands.ts'
import { decideOutcome, decideRequeue } from './decide-outcome.ts'
import type { CartEvent } from './events.ts'
import { evolveAll } from './evolve.ts'
import { coverageOf, detailsOf, type Item } from './item.ts'

type Context = {
  readonly at: number
  readonly reserving: boolean
  readonly nextId: () => string
}

/**
 * @throws CartError when a rule refuses the command; the cart is then as it was.
 * The items named by `olderNeeded` must be complete (see older.ts).
 */
export const decide = (cart: Cart, command: Command): readonly CartEvent[] => {
  const context: Context = {
    at: command.at,
    reserving: command.reserving,
    nextId: idsOf(command),
  }
  switch (command.type) {
    case 'run-operations':
      return runAll(cart, command.operations, context)
    case 'reserve-item':
      return reserveItem(itemOf(cart, command.itemId), context)
    case 'record-outcome':
      return settled(cart, command.itemId, decideOutcome(cart, command, context), context)
    case 'requeue-job':
      return decideRequeue(cart, command)
    case 'add-item':
    case 'set-quantity':
    case 'remove-item':
    case 'clear-cart':
      return run(cart, command, context)
    default:
      throw new Error(`unknown command ${(command satisfies never as Command).type}`)
  }
}

const run = (cart: Cart, operation: Operation, context: Context): readonly CartEvent[] => {
  switch (operation.type) {
    case 'add-item':
      return addItem(cart, operation, context)
    case 'set-quantity':
      return setQuantity(cart, itemOf(cart, operation.itemId), operation.quantity, context)
    case 'remove-item':
      return [removed(itemOf(cart, operation.itemId), context)]
    case 'clear-cart':
      return clear(cart, operation, context)
    default:
      throw new Error(`unknown operation ${(operation satisfies never as Operation).type}`)
  }
}

const runAll = (cart: Cart, operations: readonly Operation[], context: Context): CartEvent[] => {
  const events: CartEvent[] = []
  let current = cart
  for (const operation of operations) {
    const next = run(current, operation, context)
    current = evolveAll(current, next)
    events.push(...next)
  }
  return events
}

const itemOf = (cart: Cart, id: ItemId): Item => {
  const item = findItem(cart, id)
  if (item === undefined) {
    throw new CartError('item-not-found', `The cart has no item ${id}.`)
  }
  return item
}

const addItem = (cart: Cart, command: AddItem, context: Context): readonly CartEvent[] => {
  const { productId, attributesKey, quantity, sold } = command
  if (sold?.kind === 'no') throw new CartError(sold.code, sold.reason)
  const line = findLine(cart, productId, attributesKey)
  assertQuantity((line?.quantity ?? 0) + quantity)
  if (line === undefined && cart.items.length >= limits.itemsPerCart) {
    throw new CartError('items-limit', `A cart holds at most ${limits.itemsPerCart} items.`)
  }
  assertDeparting(cart)
  const itemId = line?.id ?? (context.nextId() as ItemId)
  const requested = context.reserving
    ? requestUnits(line?.reservations ?? [], quantity, context.nextId)
    : null
  const details = detailsOf(command)
  const name = sold?.name ?? command.name
  const added = { type: 'item-added', at: context.at, itemId, ...details, name } as const
  const unitPrice = sold?.price ?? null
  return [
    unitPrice === null
      ? { ...added, quantity, requested }
      : { ...added, quantity, requested, unitPrice },
  ]
}

const assertQuantity = (quantity: number): void => {
  if (quantity > limits.quantityPerItem) {
    throw new CartError(
      'quantity-limit',
      `An item holds at most ${limits.quantityPerItem} units; this would make ${quantity}.`,
    )
  }
}

const assertDeparting = (cart: Cart): void => {
  if (cart.departing.length >= limits.departingPerCart) {
    throw new CartError(
      'departing-limit',
      'Too many reservations of this cart are still being released; try again later.',
    )
  }
}

const setQuantity = (
  cart: Cart,
  item: Item,
  quantity: number,
  context: Context,
): readonly CartEvent[] => {
  if (quantity === item.quantity) return []
  if (quantity === 0) return [removed(item, context)]
  assertQuantity(quantity)
  const more = quantity - item.quantity
  if (more > 0) assertDeparting(cart)
  const { id: itemId, productId, reservations } = item
  const change =
    more > 0
      ? { lowered: [], letGo: [] }
      : lowerBy(-more - coverageOf(item).uncovered, itemId, reservations)
  const requested =
    more > 0 && context.reserving ? requestUnits(reservations, more, context.nextId) : null
  const changed: CartEvent = {
    type: 'item-quantity-changed',
    at: context.at,
    itemId,
    productId,
    quantity,
    ...change,
    requested,
  }
  return settled(cart, itemId, [changed], context)
}

const leavingOf = ({ id, reservations }: Item): readonly Leaving[] =>
  reservations.map((r) => toLeaving(id, r))

const removed = (item: Item, context: Context): CartEvent => ({
  type: 'item-removed',
  at: context.at,
  itemId: item.id,
  productId: item.productId,
  quantity: item.quantity,
  letGo: leavingOf(item),
})

const clear = (cart: Cart, { whenEmpty }: ClearCart, { at }: Context): readonly CartEvent[] => {
  if (cart.items.length > 0) {
    return [{ type: 'cart-cleared', at, letGo: cart.items.flatMap(leavingOf) }]
  }
  if (whenEmpty === 'refuse') throw new CartError('cart-empty', 'The cart has no items.')
  return []
}

/** Asks for the units that are neither reserved nor under way, in one new reservation. */
const reserveItem = (item: Item, context: Context): readonly CartEvent[] => {
  if (!context.reserving) {
    throw new CartError('reservations-off', 'Reservations are switched off in this service.')
  }
  const { unavailable, failed, uncovered } = coverageOf(item)
  const units = unavailable + failed + uncovered
  if (units === 0) return []
  const letGo = leavingOf(item).filter((r) => r.status === 'unavailable' || r.status === 'failed')
  const requested = requestUnits(item.reservations, units, context.nextId)
  const { id: itemId, productId } = item
  return [{ type: 'reservation-requested', at: context.at, itemId, productId, letGo, requested }]
}

/** The events, and the requests that the slots they freed are used for. */
const settled = (
  cart: Cart,
  itemId: ItemId,
  events: readonly CartEvent[],
  context: Context,
): readonly CartEvent[] => {
  if (events.length === 0 || !context.reserving) return events
  const item = findItem(evolveAll(cart, events), itemId)
  if (item === undefined) return events
  const requests = fillSlots(item.reservations, context.nextId).map(
    (requested): CartEvent => ({
      type: 'reservation-requested',
      at: context.at,
      itemId,
      productId: item.productId,
      letGo: [],
      requested,
    }),
  )
  return [...events, ...requests]
}
