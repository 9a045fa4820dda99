// Two worlds compared: the reservations that carts show, and the holds in the simulator's ledger.
import { type HoldText, type ItemText, readCart, readLedger, send } from './process-client.ts'

export type Worlds = {
  /** Reservations of items, by status. */
  readonly statuses: Readonly<Record<string, number>>
  readonly activeHolds: number
  /** Active holds that no reserved reservation of an item names. */
  readonly orphans: readonly string[]
  /** Reserved reservations whose hold is not active, or is held for other units. */
  readonly unheld: readonly string[]
}

export const compareWorlds = async (
  url: string,
  simulatorUrl: string,
  users: readonly string[],
): Promise<Worlds> => {
  const statuses: Record<string, number> = {}
  const active = new Map<string, HoldText>()
  for (const hold of await readLedger(simulatorUrl)) {
    if (hold.state === 'active') active.set(String(hold.reservation_id), hold)
  }
  const activeHolds = active.size
  const unheld: string[] = []
  for (const user of users) {
    for (const { reservations } of await readItems(url, user)) {
      for (const { id, status, quantity, reservation_id: holdId } of reservations) {
        statuses[status] = (statuses[status] ?? 0) + 1
        if (status !== 'reserved') continue
        const hold = active.get(holdId ?? '')
        // A hold serves one reservation: a second one that names it finds none.
        active.delete(holdId ?? '')
        if (hold?.reference !== id || hold.quantity !== quantity) unheld.push(`${user} ${id}`)
      }
    }
  }
  const orphans = [...active.values()].map(
    ({ reservation_id: holdId, reference, item }) => `${holdId} for ${reference} (${item})`,
  )
  return { statuses, activeHolds, orphans, unheld }
}

// In a cart an item shows its latest reservations only.
const shownWithCart = 20

const readItems = async (url: string, user: string): Promise<readonly ItemText[]> => {
  const { items } = await readCart(url, user)
  return Promise.all(
    items.map(async (item) => {
      if (item.reservations.length < shownWithCart) return item
      const { text } = await send(`${url}/v1/cart/${user}/items/${item.item_id}`)
      return JSON.parse(text) as ItemText
    }),
  )
}
