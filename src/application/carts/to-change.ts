// The one write: what a run of decided commands makes of a cart, as rows to put and rows to remove.
import type { Cart } from '../../domain/cart/cart.ts'
import { spill, spills } from '../../domain/cart/older.ts'
import type { ItemId, ReservationKey } from '../../domain/ids.ts'
import type { Reservation } from '../../domain/reservation/reservation.ts'
import type { Change } from '../../ports/store.ts'
import type { Decision } from './decide-together.ts'
import { toJobChanges } from './fold-job-steps.ts'

/** Reservations that a cart was completed with, by item. */
export type OlderRows = ReadonlyMap<ItemId, readonly Reservation[]>

/**
 * The change, and the cart that it leaves in the store.
 * @param before the cart as stored; complete for the items in `older`
 */
export const toChange = (
  before: Cart,
  older: OlderRows,
  decision: Decision,
): { readonly change: Change; readonly cart: Cart } => {
  const { at, events, leases, answers } = decision
  const spilled = spillOlder(older, decision.after)
  const { cart } = spilled
  const { version, revision, createdAt, updatedAt } = cart
  const change: Change = {
    cartId: before.id,
    expectedRevision: before.revision,
    at,
    cart: { version, revision, createdAt, updatedAt },
    items: changedItems(before, cart),
    older: spilled.older,
    departing: changedDeparting(before, cart),
    events,
    jobs: toJobChanges(decision.jobs),
    leases,
    answers,
  }
  return { change, cart }
}

type Stored = { readonly itemId: ItemId; readonly reservation: Reservation }

const spillOlder = (older: OlderRows, after: Cart): { cart: Cart; older: Change['older'] } => {
  const put: Change['older']['put'][number][] = []
  const stored = new Map<ReservationKey, Stored>()
  for (const [itemId, reservations] of older) {
    for (const reservation of reservations) stored.set(reservation.key, { itemId, reservation })
  }
  if (stored.size === 0 && !after.items.some(spills)) {
    return { cart: after, older: { put, removed: [] } }
  }
  let moved = false
  const items = after.items.map((item) => {
    const spilled = spill(item)
    moved ||= spilled.older.length > 0
    for (const reservation of spilled.older) {
      if (stored.get(reservation.key)?.reservation !== reservation)
        put.push({ itemId: item.id, reservation })
      stored.delete(reservation.key)
    }
    return spilled.item
  })
  const removed = [...stored].map(([key, { itemId }]) => ({ itemId, key }))
  const cart = moved ? { ...after, items } : after
  return { cart, older: { put, removed } }
}

// Carts are immutable: an item that is the same object is the same row. Items keep their order, so most
// changes show by comparing index by index, whatever the size of the cart.
const changedItems = (before: Cart, after: Cart): Change['items'] => {
  if (before.items === after.items) return { put: [], removed: [] }
  const put = after.items.filter((item, index) => item !== before.items[index])
  const keepsOrder = before.items.every((item, index) => item.id === after.items[index]?.id)
  if (keepsOrder) return { put, removed: [] }
  const known = new Set(before.items)
  const kept = new Set(after.items.map((item) => item.id))
  return {
    put: after.items.filter((item) => !known.has(item)),
    removed: before.items.filter((item) => !kept.has(item.id)),
  }
}

const changedDeparting = (before: Cart, after: Cart): Change['departing'] => {
  if (before.departing === after.departing) return { put: [], removed: [] }
  const known = new Set(before.departing)
  const kept = new Set(after.departing.map((d) => d.key))
  const removed = before.departing.map((d) => d.key).filter((key) => !kept.has(key))
  return { put: after.departing.filter((d) => !known.has(d)), removed }
}
