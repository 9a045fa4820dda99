// Reference 004 as its document and its repository have it: one cart, a worker behind it.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Handler, memberOf, notFound } from './serve.ts'

export type Ways = {
  readonly reservationMs: number
  /** `FAILED`: its mock fails now and then; here always. */
  readonly outcome: 'RESERVED' | 'FAILED'
  /** Where the routes are: in its curl examples, and as the exercise has them. */
  readonly paths: readonly string[]
}

type Row = {
  readonly id: number
  readonly name: string
  readonly quantity: number
  reservation_id?: string
  status: 'PENDING' | 'RESERVED' | 'FAILED'
  readonly created_at: string
  readonly updated_at: string
}

export const original004 = ({ reservationMs, outcome, paths }: Ways): Handler => {
  const rows: Row[] = []
  const reserve = async (row: Row) => {
    // Not waited for by the end of the test.
    await sleep(reservationMs, undefined, { ref: false })
    row.status = outcome
    if (outcome === 'RESERVED') row.reservation_id = String(1_234 + row.id)
  }
  return ({ method, parts, body }) => {
    if (!paths.includes(`/${parts.join('/')}`)) return notFound
    // Newest first, and null when there are none.
    if (method === 'GET') return { status: 200, body: rows.length === 0 ? null : rows.toReversed() }
    const name = memberOf(body, 'name')
    const quantity = memberOf(body, 'quantity')
    const isValid = typeof name === 'string' && Number.isInteger(quantity) && Number(quantity) > 0
    if (!isValid) return { status: 400, body: { message: 'not valid' } }
    const at = new Date().toISOString()
    const id = rows.length + 1
    const row: Row = {
      id,
      name,
      quantity: Number(quantity),
      status: 'PENDING',
      created_at: at,
      updated_at: at,
    }
    rows.push(row)
    void reserve(row)
    return { status: 201, body: { ...row } }
  }
}
