// What a product may be, wherever it comes from. The rules for ids and names are those of the requests:
// a product that breaks them could never be put in a cart.

import type { Price } from '../../domain/cart/item.ts'
import { limits } from '../../domain/limits.ts'
import type { Product } from '../../ports/catalog.ts'
import { assertCurrency, toPrice } from './price.ts'

/** A product as a file, a table or a service describes it. */
export type ProductRecord = {
  readonly id: unknown
  readonly name?: unknown
  /** A decimal; what is not there has no price. */
  readonly price?: unknown
  /** Left out: the usual currency. */
  readonly currency?: unknown
}

const textPattern = /^[^\s\p{Cc}\p{Cs}](?:[^\p{Cc}\p{Cs}]*[^\s\p{Cc}\p{Cs}])?$/u
const userIdPattern = /^[!$&-.0-9:;=@A-Z[\]_a-z|~*'()+,]+$/

const isText = (text: string, charsMax: number): boolean =>
  text.length <= 2 * charsMax && [...text].length <= charsMax && textPattern.test(text)

/** @throws Error with a sentence for the person who wrote it. */
export const toProduct = (record: ProductRecord, usualCurrency: string): Product => ({
  id: toId(record.id),
  name: toName(record.name ?? null),
  price: toPriceOf(record.price ?? null, record.currency ?? null, usualCurrency),
})

const toId = (id: unknown): string => {
  if (typeof id === 'string' && isText(id, limits.idChars)) return id
  throw new Error(
    `the id must be a text of 1 to ${limits.idChars} characters, ${textRule}${not(id)}`,
  )
}

const textRule = 'without control characters and without white space at its ends'

const toName = (name: unknown): string | null => {
  if (name === null || name === '') return null
  if (typeof name === 'string' && isText(name, limits.nameChars)) return name
  const chars = `at most ${limits.nameChars} characters`
  throw new Error(`the name must be a text of ${chars}, ${textRule}${not(name)}`)
}

const toPriceOf = (price: unknown, currency: unknown, usualCurrency: string): Price | null => {
  const code = currency === null || currency === '' ? usualCurrency : currency
  if (typeof code !== 'string') throw new Error(`the currency must be a text${not(code)}`)
  naming('the currency', () => assertCurrency(code))
  if (price === null || price === '') return null
  if (typeof price !== 'string' && typeof price !== 'number') {
    throw new Error(`the price must be a decimal number such as 12.99${not(price)}`)
  }
  return naming('the price', () => toPrice(price, code))
}

/** @throws Error with a sentence for the person who wrote it. */
export const toUserId = (id: unknown): string => {
  if (typeof id === 'string' && id.length <= limits.idChars && userIdPattern.test(id)) return id
  const rule = `1 to ${limits.idChars} visible ASCII characters except / \\ ? # % " < > { } ^ and \``
  throw new Error(`the id must be ${rule}${not(id)}`)
}

const not = (value: unknown): string => `, not ${(JSON.stringify(value) ?? 'nothing').slice(0, 60)}`

const naming = <T>(what: string, work: () => T): T => {
  try {
    return work()
  } catch (error) {
    throw new Error(`${what} ${error instanceof Error ? error.message : error}`)
  }
}
