// Reservations that left their item and are not settled outside.
import type { Part } from './part.ts'

export const putDepartures: Part = {
  name: 'put_departures',
  columns: {
    user_id: 'text',
    key: 'text',
    item_id: 'text',
    quantity: 'integer',
    state: 'text',
    hold_id: 'text',
    since: 'bigint',
  },
  rowsOf: ({ cartId, departing }) =>
    departing.put.map(({ key, itemId, quantity, state, holdId, since }) => [
      cartId,
      key,
      itemId,
      quantity,
      state,
      holdId,
      since,
    ]),
  sql: (rows, isWritten) => `
    insert into departing (user_id, key, item_id, quantity, state, hold_id, since)
    select r.user_id, r.key, r.item_id, r.quantity, r.state, r.hold_id, r.since
    from ${rows} where ${isWritten}
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
