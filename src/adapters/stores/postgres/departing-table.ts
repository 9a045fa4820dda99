// Reservations that left their item and are not settled outside.
import { departingTable, fromDeparting } from '../rows/departing-row.ts'
import { insertAll, type Part } from './statement-part.ts'

export const putDepartures: Part = {
  name: 'put_departures',
  columns: departingTable.types,
  rowsOf: ({ cartId, departing }) => departing.put.map((each) => fromDeparting(cartId, each)),
  sql: (rows, isWritten) => `
    ${insertAll('departing', departingTable.columns, rows, isWritten)}
    on conflict (user_id, key) do update set
      state = excluded.state, hold_id = excluded.hold_id, since = excluded.since`,
}

export const removeDepartures: Part = {
  name: 'remove_departures',
  columns: { user_id: 'text', key: 'text' },
  rowsOf: ({ cartId, departing }) => departing.removed.map((key) => [cartId, key]),
  sql: (rows, isWritten) => `
    delete from departing d using ${rows}
    where d.user_id = r.user_id and d.key = r.key and ${isWritten}`,
}
