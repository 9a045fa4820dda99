// Prices between the decimal texts that people write and the integer minor units that the service counts in.
// Texts never become floating point on the way.

import type { Price } from '../../domain/cart/item.ts'
import { limits } from '../../domain/limits.ts'

// ISO 4217, for currencies that have no hundredths. Not from Intl, which follows custom rather than the
// standard: it gives IQD and HUF no decimals.
const unusualExponents: Readonly<Record<string, number>> = Object.fromEntries([
  ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG'].map((code) => [code, 0]),
  ...['RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'].map((code) => [code, 0]),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((code) => [code, 3]),
  ...['CLF', 'UYW'].map((code) => [code, 4]),
])

const currencies: ReadonlySet<string> = new Set([
  ...Intl.supportedValuesOf('currency'),
  ...Object.keys(unusualExponents),
])

export const isCurrency = (code: string): boolean => currencies.has(code)

const exponentOf = (currency: string): number => unusualExponents[currency] ?? 2

/** @throws Error whose message completes "the currency …". */
export const assertCurrency = (code: string): void => {
  if (isCurrency(code)) return
  throw new Error(`must be a code of ISO 4217 such as USD, not "${code.slice(0, 20)}"`)
}

const decimalPattern = /^(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/

/**
 * The price that a decimal means: 12.99, "12.99" and "1299e-2" USD are 1,299 cents.
 * @throws Error whose message completes "the price …".
 */
export const toPrice = (decimal: string | number, currency: string): Price => {
  const text = typeof decimal === 'number' ? fromNumber(decimal) : decimal
  const match = decimalPattern.exec(text)
  if (match === null) {
    throw new Error(`must be a decimal number such as 12.99, not "${text.slice(0, 40)}"`)
  }
  const [, whole = '', fraction = '', power = '0'] = match
  const exponent = exponentOf(currency)
  const digits = whole + fraction
  const places = fraction.length - Number(power)
  const kept = exponent - places
  const end = digits.length + kept
  const dropped = digits.slice(Math.max(0, end))
  if (kept < 0 && /[1-9]/.test(dropped)) {
    throw new Error(`must have at most ${exponent} decimals in ${currency}, not "${text}"`)
  }
  const amount = BigInt(kept < 0 ? digits.slice(0, Math.max(0, end)) : digits + '0'.repeat(kept))
  if (amount > BigInt(limits.priceAmount)) {
    const most = toDecimal({ amount: limits.priceAmount, currency })
    throw new Error(`must be at most ${most} ${currency}, not "${text}"`)
  }
  return { amount: Number(amount), currency }
}

/**
 * Every decimal of up to 15 digits comes back from a double as it was written, and no price within the
 * limits has more; what is beyond them is what arithmetic left behind, as in 30.000000000000004.
 */
const fromNumber = (value: number): string => value.toPrecision(15)

/** The decimal text, with all decimals of the currency. */
export const toDecimal = ({ amount, currency }: Price): string => {
  const exponent = exponentOf(currency)
  const digits = String(amount).padStart(exponent + 1, '0')
  const point = digits.length - exponent
  return exponent === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
}
