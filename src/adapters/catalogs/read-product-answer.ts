// What an answer of the product service means: docs/catalog.md.

import type { Price } from '../../domain/cart/item.ts'
import { limits } from '../../domain/limits.ts'
import type { Product } from '../../ports/catalog.ts'
import { assertCurrency } from './price.ts'
import { toProduct } from './product.ts'

export type ProductAnswer = { readonly status: number; readonly body: string }

/** Null: there is no such product. @throws Error when the answer does not say. */
export const readProductAnswer = (
  { status, body }: ProductAnswer,
  id: string,
  usualCurrency: string,
): Product | null => {
  if (status === 404 || status === 410) return null
  if (status !== 200) throw new Error(`it answered ${status}`)
  const record = toRecord(parse(body))
  if (record.id !== undefined && record.id !== id) throw new Error('it answered another product')
  if (typeof record.price !== 'object' || record.price === null) {
    return toProduct({ ...record, id }, usualCurrency)
  }
  const { name } = toProduct({ id, name: record.name }, usualCurrency)
  return { id, name, price: toMinorPrice(toRecord(record.price), record.currency, usualCurrency) }
}

/** `{"amount": 1299, "currency": "USD"}`: minor units. */
const toMinorPrice = (
  { amount, currency }: Readonly<Record<string, unknown>>,
  outerCurrency: unknown,
  usualCurrency: string,
): Price => {
  const code = currency ?? outerCurrency ?? usualCurrency
  if (typeof code !== 'string') throw new Error('its currency is no text')
  assertCurrency(code)
  const isAmount = typeof amount === 'number' && Number.isInteger(amount)
  if (isAmount && amount >= 0 && amount <= limits.priceAmount) return { amount, currency: code }
  throw new Error(`its amount is no whole number of minor units from 0 to ${limits.priceAmount}`)
}

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    throw new Error('its answer is not JSON')
  }
}

const toRecord = (value: unknown): Readonly<Record<string, unknown>> => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new Error('its answer is not an object')
}
