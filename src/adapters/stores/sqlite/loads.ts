// Reads what the next command of a cart needs. On a connection of its own, so that no read waits for the
// fsync of a write.
import type { CartId, ItemId } from '../../../domain/ids.ts'
import type { AnswerKey } from '../../../ports/store.ts'
import { cartTable } from '../rows/cart-row.ts'
import type { Row } from '../rows/define-table.ts'
import { departingTable } from '../rows/departing-row.ts'
import { olderTable } from '../rows/older-row.ts'
import { openAnswerReads } from './answer-table.ts'
import { lineColumns } from './cart-table.ts'
import type { LoadedRows } from './change-rows.ts'
import type { Database } from './database.ts'

export type Loads = {
  /** Between two writes of the cart: its rows are read by several statements. */
  load(cartId: CartId, keys: readonly AnswerKey[]): LoadedRows
  loadOlder(cartId: CartId, itemId: ItemId): readonly Row[]
}

const rowColumns = [...cartTable.columns, ...lineColumns, 'departing']

export const openLoads = (database: Database): Loads => {
  // The row of the cart comes first: its product id is empty.
  const selectRows = database.prepare(`
    select ${rowColumns.join(', ')} from cart_rows where user_id = ?
    order by product_id, attributes`)
  const selectDeparting = database.prepare(`
    select ${departingTable.columns.join(', ')} from departing where user_id = ?
    order by since, key`)
  const selectOlder = database.prepare(`
    select ${olderTable.columns.join(', ')} from older_reservations
    where user_id = ? and item_id = ?`)
  const findAnswers = openAnswerReads(database)
  return {
    load: (cartId, keys) => {
      const rows = selectRows.all(cartId) as unknown as readonly Row[]
      const departs = Number(rows[0]?.[rowColumns.length - 1] ?? 0) > 0
      const answers = findAnswers(cartId, keys)
      const departing = departs
        ? (selectDeparting.all(cartId) as unknown as readonly Row[])
        : noRows
      return { rows, departing, answers }
    },
    loadOlder: (cartId, itemId) => selectOlder.all(cartId, itemId) as unknown as readonly Row[],
  }
}

const noRows: readonly Row[] = []
