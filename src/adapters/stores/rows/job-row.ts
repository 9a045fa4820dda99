import type { CartId, HoldId, ItemId, ReservationKey } from '../../../domain/ids.ts'
import type { JobIntent } from '../../../domain/reservation/job.ts'
import type { Job } from '../../../ports/store.ts'
import {
  bigint,
  defineTable,
  integer,
  nullable,
  oneOf,
  type Row,
  text,
  textAs,
} from './define-table.ts'

const intentColumns = {
  id: text,
  kind: oneOf('reserve', 'cancel', 'release'),
  key: textAs<ReservationKey>(),
  user_id: textAs<CartId>(),
  item_id: textAs<ItemId>(),
  /** Empty for a release. */
  product_id: text,
  quantity: integer,
  hold_id: nullable(textAs<HoldId>()),
}

/** What a job is made of. */
export const intentTable = defineTable('jobs', intentColumns)

/** A job, with what has come of it so far. */
export const jobTable = defineTable('jobs', {
  ...intentColumns,
  created_at: bigint,
  due_at: bigint,
  attempts: integer,
  unknown_at: nullable(bigint),
  last_error: nullable(text),
  buried_at: nullable(bigint),
})

/** @param kind `cancel` when the job is called off in the write that puts it. */
export const fromIntent = (
  cartId: CartId,
  job: JobIntent,
  kind: JobIntent['kind'] | 'cancel' = job.kind,
): Row =>
  intentTable.toRow({
    id: job.id,
    kind,
    key: job.key,
    user_id: cartId,
    item_id: job.itemId,
    product_id: job.kind === 'reserve' ? job.productId : '',
    quantity: job.quantity,
    hold_id: job.kind === 'release' ? job.holdId : null,
  })

/** @throws Error when it is a release without a hold, or a request without a product. */
export const toJob = (row: readonly unknown[]): Job => {
  const fields = jobTable.fromRow(row)
  const { id, key, kind, quantity, hold_id: holdId, product_id: productId } = fields
  const job = {
    id,
    key,
    itemId: fields.item_id,
    quantity,
    cartId: fields.user_id,
    createdAt: fields.created_at,
    dueAt: fields.due_at,
    attempts: fields.attempts,
    unknownAt: fields.unknown_at,
    lastError: fields.last_error,
    buriedAt: fields.buried_at,
  }
  if (kind !== 'release') {
    if (productId === '') throw new Error(`jobs.product_id is empty for the ${kind} job ${id}`)
    return { ...job, kind, productId }
  }
  if (holdId === null) throw new Error(`jobs.hold_id is missing for the release job ${id}`)
  return { ...job, kind, holdId }
}

type Aged = Pick<Job, 'id' | 'dueAt'>

export const byAge = (a: Aged, b: Aged): number => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1)
