// A change and a cart on their way between the threads: rows in the order of each table's columns.
import { type Cart, emptyCart } from '../../../domain/cart/cart.ts'
import type { CartId } from '../../../domain/ids.ts'
import type { Change, JobChanges, Lease, Loaded } from '../../../ports/store.ts'
import { answerTable, fromAnswer, toAnswer } from '../rows/answer-row.ts'
import { cartTable, toCart } from '../rows/cart-row.ts'
import type { Row } from '../rows/define-table.ts'
import { departingTable, fromDeparting, toDeparting } from '../rows/departing-row.ts'
import { byAddition, fromItem, itemTable, toItem } from '../rows/item-row.ts'
import { fromIntent } from '../rows/job-row.ts'
import { fromEntry } from '../rows/journal-row.ts'
import { fromOlder } from '../rows/older-row.ts'

/** A part that is empty is absent. */
export type ChangeRows = {
  readonly cartId: CartId
  readonly expectedRevision: number
  readonly at: number
  readonly cart: Change['cart']
  readonly lines: Parts<{ readonly put: readonly Row[]; readonly removed: readonly Row[] }>
  readonly events: readonly Row[]
  readonly jobs: { readonly put: readonly Row[] } & Parts<Omit<JobChanges, 'put'>>
} & Parts<{
  /** Removed ones by item and key. */
  readonly older: { readonly put: readonly Row[]; readonly removed: readonly Row[] }
  readonly departing: {
    readonly put: readonly Row[]
    readonly removed: readonly string[]
  }
  readonly leases: readonly Lease[]
  readonly answers: readonly Row[]
}>

// JSON leaves out what is undefined; leaving it out by hand costs more.
type Parts<T> = { readonly [Name in keyof T]?: T[Name] | undefined }

export const toChangeRows = (change: Change): ChangeRows => {
  const { cartId, at, items, older, departing } = change
  return {
    cartId,
    expectedRevision: change.expectedRevision,
    at,
    cart: change.cart,
    lines: {
      put: unlessEmpty(items.put)?.map((item) => fromItem(cartId, item)),
      removed: unlessEmpty(items.removed)?.map((item) => [item.productId, item.attributesKey]),
    },
    // No publisher reads this store, so entries are born published.
    events: change.events.map((entry) => fromEntry(cartId, entry, at)),
    jobs: toJobRows(cartId, change.jobs),
    older:
      older.put.length + older.removed.length === 0
        ? undefined
        : {
            put: older.put.map(({ itemId, reservation }) => fromOlder(cartId, itemId, reservation)),
            removed: older.removed.map(({ itemId, key }) => [itemId, key]),
          },
    departing:
      departing.put.length + departing.removed.length === 0
        ? undefined
        : {
            put: departing.put.map((each) => fromDeparting(cartId, each)),
            removed: departing.removed,
          },
    leases: unlessEmpty(change.leases),
    answers: unlessEmpty(change.answers)?.map((answer) => fromAnswer(cartId, answer)),
  }
}

const unlessEmpty = <T>(list: readonly T[]): readonly T[] | undefined =>
  list.length === 0 ? undefined : list

const toJobRows = (cartId: CartId, jobs: JobChanges): ChangeRows['jobs'] => ({
  put: jobs.put.map((job) => fromIntent(cartId, job)),
  cancelled: unlessEmpty(jobs.cancelled),
  revived: unlessEmpty(jobs.revived),
  requeued: unlessEmpty(jobs.requeued),
  buried: unlessEmpty(jobs.buried),
  finished: unlessEmpty(jobs.finished),
})

/** The row of the cart and those of its lines; no row when it was never written. */
export type LoadedRows = {
  readonly rows: readonly Row[]
  readonly departing: readonly Row[]
  readonly answers: readonly Row[]
}

// A row of a cart has the cells of the cart before those of a line.
const readLine = itemTable.readerAt(
  itemTable.columns.map((_, index) => cartTable.columns.length + index),
)

export const toLoaded = (cartId: CartId, { rows, departing, answers }: LoadedRows): Loaded => {
  const [head, ...lines] = rows
  return {
    cart: head === undefined ? emptyCart(cartId) : toWholeCart(cartId, head, lines, departing),
    answers: answers.map((row) => toAnswer(answerTable.fromRow(row))),
  }
}

const toWholeCart = (
  cartId: CartId,
  head: Row,
  lines: readonly Row[],
  departing: readonly Row[],
): Cart =>
  toCart(
    cartId,
    cartTable.fromRow(head),
    lines.map((row) => toItem(readLine(row))).sort(byAddition),
    departing.map((row) => toDeparting(departingTable.fromRow(row))),
  )
