import { test } from 'node:test'
import fc from 'fast-check'
import { openBareService, openKeyedService, type Stock } from './reservation-services.ts'
import type { Ending } from './workers.ts'
import { type Choice, play, type Step } from './world.ts'

const some = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })

const pick = fc.nat(1_000)
const units = fc.oneof(
  some(20, fc.integer({ min: 1, max: 6 })),
  some(1, fc.constantFrom(1_000, 9_990, 9_999, 10_000)),
)
const fewer = fc.oneof(fc.nat(20), units)
const size = fc.constantFrom('', '', '', 'L')
const stock = fc.constantFrom<Stock>('has', 'has', 'none')
const piled = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 4, maxLength: 12 })
const lived = fc.array(stock, { minLength: 10, maxLength: 30 })
const named = <T extends string>(name: T) => fc.constant(name)

const choice: fc.Arbitrary<Choice> = fc.oneof(
  some(8, fc.record({ op: named('add'), pick, units, size })),
  some(8, fc.record({ op: named('set'), pick, units: fewer })),
  some(2, fc.record({ op: named('remove'), pick })),
  some(1, fc.record({ op: named('clear') })),
)

const stepOf = (reserving: fc.Arbitrary<boolean>): fc.Arbitrary<Step> => {
  const one = fc.array(choice, { minLength: 1, maxLength: 1 })
  const oneOrMore = fc.oneof(some(5, one), some(1, fc.array(choice, { maxLength: 5 })))
  const ending = fc.constantFrom<Ending>('answer', 'answer', 'again', 'rejected', 'lost', 'give up')
  return fc.oneof(
    some(12, fc.record({ type: named('shop'), choices: oneOrMore, reserving })),
    some(2, fc.record({ type: named('reserve'), pick })),
    some(10, fc.record({ type: named('claim'), pick })),
    some(3, fc.record({ type: named('serve'), pick, stock })),
    some(10, fc.record({ type: named('end'), pick, ending, stock })),
    some(2, fc.record({ type: named('repeat'), pick })),
    some(2, fc.record({ type: named('requeue'), pick })),
    some(2, fc.record({ type: named('pile up'), pick, units: piled })),
    some(1, fc.record({ type: named('live through'), pick, stocks: lived })),
  )
}

const stocks = fc.array(stock, { minLength: 1, maxLength: 20 })
const stepsOf = (reserving: fc.Arbitrary<boolean>) =>
  fc.array(stepOf(reserving), { maxLength: 150, size: 'max' })
const always = fc.constant(true)

test('after any steps in any order, the cart and the reservation service agree in the end', () => {
  fc.assert(
    fc.property(stepsOf(always), stocks, (steps, drawn) =>
      play({ steps, stocks: drawn, reserving: 'always', service: openKeyedService() }),
    ),
    { numRuns: 500 },
  )
})

test('the cart and the reservation service agree also when reservations are off at times', () => {
  fc.assert(
    fc.property(stepsOf(fc.boolean()), stocks, (steps, drawn) =>
      play({ steps, stocks: drawn, reserving: 'at times', service: openKeyedService() }),
    ),
    { numRuns: 200 },
  )
})

test('a service without keys holds nothing unknown to the cart except holds of lost answers', () => {
  fc.assert(
    fc.property(stepsOf(always), stocks, (steps, drawn) =>
      play({ steps, stocks: drawn, reserving: 'always', service: openBareService() }),
    ),
    { numRuns: 200 },
  )
})
