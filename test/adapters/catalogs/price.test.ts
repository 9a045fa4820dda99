// Decimals and minor units: no cent is lost in a conversion.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isCurrency, toDecimal, toPrice } from '../../../src/adapters/catalogs/price.ts'
import { limits } from '../../../src/domain/limits.ts'

const exponents = { JPY: 0, USD: 2, KWD: 3, CLF: 4 } as const
const anyCurrency = fc.constantFrom(...(Object.keys(exponents) as (keyof typeof exponents)[]))
const anyAmount = fc.oneof(
  fc.integer({ min: 0, max: limits.priceAmount }),
  fc.integer({ min: 0, max: 20_000 }),
)

test('a decimal text is read as the minor units that it was written from', () => {
  fc.assert(
    fc.property(anyAmount, anyCurrency, (amount, currency) => {
      const text = toDecimal({ amount, currency })
      assert.equal(text.split('.')[1]?.length ?? 0, exponents[currency])
      assert.deepEqual(toPrice(text, currency), { amount, currency })
    }),
    { numRuns: 2_000 },
  )
})

test('the double that is nearest to a price is read as that price, however it is printed', () => {
  fc.assert(
    fc.property(anyAmount, anyCurrency, (amount, currency) => {
      const price = { amount, currency }
      // As JSON has it, as Python prints it, and as a column of floating point holds it.
      const double = Number(toDecimal(price))
      assert.deepEqual(toPrice(double, currency), price)
      assert.deepEqual(toPrice(JSON.parse(JSON.stringify(double)), currency), price)
      assert.deepEqual(toPrice(double.toExponential(), currency), price)
    }),
    { numRuns: 2_000 },
  )
})

test('leading zeros, trailing zeros and powers of ten do not change a price', () => {
  const anyCount = fc.integer({ min: 0, max: 10 })
  fc.assert(
    fc.property(anyAmount, anyCurrency, anyCount, anyCount, (amount, currency, zeros, power) => {
      const [whole = '', fraction = ''] = toDecimal({ amount, currency }).split('.')
      const padded = `${'0'.repeat(zeros)}${whole}.${fraction}${'0'.repeat(zeros + 1)}`
      assert.deepEqual(toPrice(padded, currency), { amount, currency })
      const moved = `0.${'0'.repeat(power)}${whole}${fraction}e${power + whole.length}`
      assert.deepEqual(toPrice(moved, currency), { amount, currency })
    }),
  )
})

const read: readonly (readonly [decimal: string | number, currency: string, amount: number])[] = [
  [0.1, 'USD', 10],
  [1.15, 'USD', 115],
  [19.99, 'USD', 1_999],
  [1e2, 'USD', 10_000],
  [0.1 + 0.2, 'USD', 30],
  [1.005, 'KWD', 1_005],
  [8.165, 'KWD', 8_165],
  [30.000000000000004, 'USD', 3_000],
  [500, 'JPY', 500],
  ['0.1', 'USD', 10],
  ['1e2', 'USD', 10_000],
  ['1.5E+1', 'USD', 1_500],
  ['1299e-2', 'USD', 1_299],
  ['100.0', 'JPY', 100],
  ['12.9900', 'USD', 1_299],
  ['007', 'USD', 700],
  ['0', 'USD', 0],
  ['10000000.00', 'USD', 1_000_000_000],
]

test('prices of reference 002, in floating point and as people write them, are read exactly', () => {
  for (const [decimal, currency, amount] of read) {
    assert.deepEqual(toPrice(decimal, currency), { amount, currency }, `${decimal} ${currency}`)
  }
})

const refused: readonly (readonly [decimal: string | number, currency: string, why: RegExp])[] = [
  ['12.995', 'USD', /at most 2 decimals in USD, not "12.995"/],
  ['1e-3', 'USD', /at most 2 decimals/],
  [0.5, 'JPY', /at most 0 decimals in JPY/],
  ['10000000.01', 'USD', /at most 10000000.00 USD/],
  ['1e99', 'USD', /at most 10000000.00 USD/],
  ...['', '-1', '+1', ' 1', '1 ', '1,99', '1.299,00', '1_000', '.5', '5.', '$5', '0x10', 'NaN']
    .concat(['Infinity', '1e', '1e100', '１', '9'.repeat(41), `0.${'0'.repeat(41)}`])
    .map((text) => [text, 'USD', /must be a decimal number such as 12.99/] as const),
  ...[-0.01, Number.NaN, Infinity, 1e200].map(
    (value) => [value, 'USD', /must be a decimal number/] as const,
  ),
]

test('a text or number that is no price within the limits is refused with the reason', () => {
  for (const [decimal, currency, why] of refused) {
    assert.throws(() => toPrice(decimal, currency), why, `${decimal} ${currency}`)
  }
})

test('currencies have the decimals of ISO 4217, also those that people leave out', () => {
  const written = ['JPY', 'KWD', 'IQD', 'HUF', 'UYW', 'EUR'].map((currency) =>
    toDecimal({ amount: 5, currency }),
  )
  assert.deepEqual(written, ['5', '0.005', '0.005', '0.05', '0.0005', '0.05'])
  for (const code of ['USD', 'EUR', 'JPY', 'KWD', 'UYW']) assert.ok(isCurrency(code), code)
  for (const code of ['', 'usd', 'US', 'DOLLAR', 'QQQ', '€', 'constructor']) {
    assert.ok(!isCurrency(code), code)
  }
})
