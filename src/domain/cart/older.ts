// An item keeps its latest settled reservations; earlier ones are stored apart, so that the cost of an
// add does not grow with what the item has been through. Here is when they are needed, and how they
// come and go.
import type { ItemId } from '../ids.ts'
import { limits } from '../limits.ts'
import { isAtRest, type Reservation } from '../reservation/reservation.ts'
import { type Cart, findItem } from './cart.ts'
import type { Command, Operation } from './commands.ts'
import { type Item, noneOlder, type Older } from './item.ts'

/** Whether some of its reservations are stored apart. */
export const isPartial = (item: Item): boolean => item.older.count > 0

/** The items that must be complete before the command can be decided. */
export const olderNeeded = (cart: Cart, command: Command): readonly ItemId[] => {
  const partial = cart.items.filter(isPartial)
  if (partial.length === 0) return []
  const touched = touchedBy(cart, command)
  return partial.map((item) => item.id).filter((id) => touched === 'all' || touched.has(id))
}

const touchedBy = (cart: Cart, command: Command): ReadonlySet<ItemId> | 'all' => {
  switch (command.type) {
    case 'add-item':
      return new Set()
    case 'run-operations':
      return command.operations.some((o) => o.type === 'clear-cart')
        ? 'all'
        : new Set(command.operations.flatMap(itemOf))
    case 'set-quantity':
    case 'remove-item':
    case 'clear-cart':
      return command.type === 'clear-cart' ? 'all' : new Set(itemOf(command))
    case 'reserve-item':
      return new Set([command.itemId])
    case 'record-outcome':
    case 'requeue-job': {
      // Settled earlier, perhaps: only then is the reservation not beside its item.
      const item = findItem(cart, command.itemId)
      const known = item?.reservations.some((r) => r.key === command.key)
      return new Set(known ? [] : [command.itemId])
    }
    default:
      return command satisfies never
  }
}

const itemOf = (operation: Operation): ItemId[] =>
  operation.type === 'set-quantity' || operation.type === 'remove-item' ? [operation.itemId] : []

/** The item with its stored reservations beside it again. */
export const withOlder = (cart: Cart, id: ItemId, older: readonly Reservation[]): Cart => ({
  ...cart,
  items: cart.items.map((item) =>
    item.id === id && isPartial(item)
      ? { ...item, older: noneOlder, reservations: [...older, ...item.reservations] }
      : item,
  ),
})

export type Spilled = { readonly item: Item; readonly older: readonly Reservation[] }

/** Whether `spill` may have something to move; says no for most items at once. */
export const spills = (item: Item): boolean => item.reservations.length > limits.settledWithItem

/** Moves the earliest settled reservations beyond the limit out of the item. */
export const spill = (item: Item): Spilled => {
  if (!spills(item)) return { item, older: [] }
  const settled = item.reservations.filter(isAtRest)
  const excess = settled.length - limits.settledWithItem
  if (excess <= 0) return { item, older: [] }
  const older = settled.slice(0, excess)
  const gone = new Set(older)
  const reservations = item.reservations.filter((r) => !gone.has(r))
  return { item: { ...item, reservations, older: countIn(item.older, older) }, older }
}

const countIn = (before: Older, spilled: readonly Reservation[]): Older => {
  const unitsIn = (status: Reservation['status']) =>
    spilled.reduce((sum, r) => sum + (r.status === status ? r.wanted : 0), 0)
  return {
    count: before.count + spilled.length,
    reserved: before.reserved + unitsIn('reserved'),
    unavailable: before.unavailable + unitsIn('unavailable'),
    failed: before.failed + unitsIn('failed'),
  }
}
