// Reservations that left their item and are not settled outside.
import type { Database } from './database.ts'
import type { ChangeRows } from './rows.ts'

export type DepartureTable = {
  /** Answers how many more there are than before. */
  write(change: ChangeRows): number
}

export const openDepartures = (database: Database): DepartureTable => {
  const insert = database.prepare(`
    insert into departing (user_id, key, item_id, quantity, state, hold_id, since)
    values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`)
  const update = database.prepare(
    'update departing set state = ?, hold_id = ?, since = ? where user_id = ? and key = ?',
  )
  const remove = database.prepare('delete from departing where user_id = ? and key = ?')
  return {
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
