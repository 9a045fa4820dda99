// Which units of an item are asked for next, and which are let go of first.
import { coverageOf, type Item } from './cart.ts'
import type { LetGo, Requested } from './events.ts'
import { limits } from './limits.ts'
import type { Reservation, ReservationKey } from './reservation.ts'

const pendingOf = (item: Item): number =>
  item.reservations.filter((r) => r.status === 'pending').length

export const hasFreeSlot = (item: Item): boolean => pendingOf(item) < limits.pendingPerItem

/** Asks for more units of an item: at once while few calls are open, else with the waiting ones. */
export const requestUnits = (
  item: Item | undefined,
  quantity: number,
  nextId: () => string,
): Requested => {
  const key = () => nextId() as ReservationKey
  if (item === undefined || hasFreeSlot(item)) {
    return { key: key(), quantity, status: 'pending', replaces: null }
  }
  const waiting = item.reservations.find((r) => r.status === 'waiting')
  return { key: waiting?.key ?? key(), quantity, status: 'waiting', replaces: null }
}

const isTooLarge = (r: Reservation): boolean =>
  (r.status === 'pending' || r.status === 'reserved') &&
  r.wanted > 0 &&
  r.wanted < r.quantity &&
  r.reason === null

/** What the free slots of an item are used for: smaller holds in place of larger ones, then waiting units. */
export const fillSlots = (item: Item, nextId: () => string): readonly Requested[] => {
  const tooLarge = item.reservations.filter(
    (r) => isTooLarge(r) && !item.reservations.some((other) => other.replaces === r.key),
  )
  const next: Requested[] = tooLarge.map((r) => ({
    key: nextId() as ReservationKey,
    quantity: r.wanted,
    status: 'pending',
    replaces: r.key,
  }))
  for (const { key, quantity, status } of item.reservations) {
    if (status === 'waiting') next.push({ key, quantity, status: 'pending', replaces: null })
  }
  return next.slice(0, Math.max(0, limits.pendingPerItem - pendingOf(item)))
}

export const toLetGo = (item: Item, r: Reservation): LetGo => ({
  key: r.key,
  itemId: item.id,
  quantity: r.quantity,
  status: r.status,
  holdId: r.holdId,
  outcomeUnknown: r.outcomeUnknown,
})

export const letAllGo = (item: Item): LetGo[] => item.reservations.map((r) => toLetGo(item, r))

// What holds nothing goes first, what is held goes last.
const order = { unavailable: 0, failed: 0, waiting: 1, pending: 2, reserved: 3 } as const

const inLettingGoOrder = (item: Item): readonly Reservation[] =>
  item.reservations.toReversed().sort((a, b) => order[a.status] - order[b.status])

export type Lowering = {
  readonly lowered: { readonly key: ReservationKey; readonly wanted: number }[]
  readonly letGo: LetGo[]
}

/**
 * Chooses what goes when an item is lowered to `quantity` units: units nobody asked for, then what
 * holds nothing, then the newest pending, then the newest reserved. Where only a part of a
 * reservation goes, it stays until a smaller one has taken over (fillSlots).
 */
export const lowerTo = (item: Item, quantity: number): Lowering => {
  const lowering: Lowering = { lowered: [], letGo: [] }
  let excess = item.quantity - quantity - coverageOf(item).uncovered
  for (const r of inLettingGoOrder(item)) {
    const going = Math.min(excess, r.wanted)
    if (going <= 0) continue
    excess -= going
    // A replacement under way was meant for another number of units.
    const replacement = item.reservations.find((other) => other.replaces === r.key)
    if (replacement !== undefined) lowering.letGo.push(toLetGo(item, replacement))
    if (going === r.wanted) lowering.letGo.push(toLetGo(item, r))
    else lowering.lowered.push({ key: r.key, wanted: r.wanted - going })
  }
  return lowering
}
