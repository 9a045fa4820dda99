// Reservations that left their item and are not settled outside.
import type { CartId } from '../../../domain/cart.ts'
import type { Database } from './database.ts'
import type { ChangeRows, Row } from './rows.ts'

export type DepartureTable = {
  load(cartId: CartId): readonly Row[]
  /** Answers how many more there are than before. */
  write(change: ChangeRows): number
}

export const openDepartures = (database: Database): DepartureTable => {
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
    load: (cartId) => select.all(cartId) as unknown as readonly Row[],
    write: ({ cartId, departing }) => {
      let more = 0
      for (const key of departing?.removed ?? []) more -= Number(remove.run(cartId, key).changes)
      for (const [key, itemId, quantity, state, holdId, since] of departing?.put ?? []) {
        const [id, place] = [key ?? null, [itemId ?? null, quantity ?? null] as const]
        const now = [state ?? null, holdId ?? null, since ?? null] as const
        if (update.run(...now, cartId, id).changes === 1) continue
        insert.run(cartId, id, ...place, ...now)
        more += 1
      }
      return more
    },
  }
}
