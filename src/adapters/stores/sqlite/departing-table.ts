// Reservations that left their item and are not settled outside.
import { departingTable } from '../rows/departing-row.ts'
import type { ChangeRows } from './change-rows.ts'
import { type Database, placeholders } from './database.ts'

export type DepartingTable = {
  /** Answers how many more there are than before. */
  write(change: ChangeRows): number
}

export const openDepartingTable = (database: Database): DepartingTable => {
  const { columns } = departingTable
  const exists = database.prepare('select 1 from departing where user_id = ? and key = ?')
  const put = database.prepare(`
    insert into departing (${columns.join(', ')}) values (${placeholders(columns)})
    on conflict do update set state = excluded.state, hold_id = excluded.hold_id,
      since = excluded.since`)
  const remove = database.prepare('delete from departing where user_id = ? and key = ?')
  return {
    write: ({ cartId, departing }) => {
      let more = 0
      for (const key of departing?.removed ?? []) more -= Number(remove.run(cartId, key).changes)
      for (const row of departing?.put ?? []) {
        const [, key] = row
        if (exists.get(cartId, key ?? null) === undefined) more += 1
        put.run(...row)
      }
      return more
    },
  }
}
