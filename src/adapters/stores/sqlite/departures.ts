// Reservations that left their item and are not settled outside.
import type { CartId, ItemId } from '../../../domain/cart.ts'
import type { Departing, HoldId, ReservationKey } from '../../../domain/reservation.ts'
import type { Change } from '../../../ports/store.ts'
import type { Database, Row } from './database.ts'

export type DepartureRows = {
  load(cartId: CartId): readonly Departing[]
  /** Answers how many more there are than before. */
  write(change: Change): number
}

export const openDepartures = (database: Database): DepartureRows => {
  const select = database.prepare(`
    select key, item_id, quantity, state, hold_id, since
    from departing where user_id = ? order by since, key`)
  const insert = database.prepare(`
    insert into departing (user_id, key, item_id, quantity, state, hold_id, since)
    values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`)
  const update = database.prepare(
    'update departing set state = ?, hold_id = ?, since = ? where user_id = ? and key = ?',
  )
  const remove = database.prepare('delete from departing where user_id = ? and key = ?')
  return {
    load: (cartId) => (select.all(cartId) as unknown as Row[]).map(toDeparting),
    write: ({ cartId, departing }) => {
      let more = 0
      for (const key of departing.removed) more -= Number(remove.run(cartId, key).changes)
      for (const { key, itemId, quantity, state, holdId, since } of departing.put) {
        if (update.run(state, holdId, since, cartId, key).changes === 1) continue
        insert.run(cartId, key, itemId, quantity, state, holdId, since)
        more += 1
      }
      return more
    },
  }
}

const toDeparting = ([key, itemId, quantity, state, holdId, since]: Row): Departing => ({
  key: key as ReservationKey,
  itemId: itemId as ItemId,
  quantity: quantity as number,
  state: state as Departing['state'],
  holdId: holdId as HoldId | null,
  since: since as number,
})
