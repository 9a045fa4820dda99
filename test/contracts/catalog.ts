// What the port promises of every catalog, sentence by sentence; see src/ports/catalog.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Catalog, Product } from '../../src/ports/catalog.ts'

type Options = {
  /** Why it cannot be tested here. */
  readonly skip?: string | false
  /** `any`: the catalog keeps no users, so every user exists. */
  readonly users: 'kept' | 'any'
}

const product = (
  id: string,
  name: string | null = null,
  amount: number | null = null,
): Product => ({
  id,
  name,
  price: amount === null ? null : { amount, currency: 'USD' },
})

const lamp = product('lamp', 'Lamp, "green"', 1_299)
const oddIds = [
  'Gaming laptop 15"',
  "a'b; --",
  'a/b?c=d&e#f',
  '100%',
  '%2e%2e',
  'a,b',
  '[1]',
  '漢字 ☕ 💡',
  'x'.repeat(128),
  '💡'.repeat(128),
]

/** What the catalog under test is to hold. */
export const contents: {
  readonly products: readonly Product[]
  readonly users: readonly string[]
} = {
  products: [
    lamp,
    product('tea', null, 10),
    product('gift', 'Gift'),
    // The same letter can be encoded in two ways.
    product('caf\u00e9', 'composed', 0),
    { id: 'kettle', name: 'やかん', price: { amount: 8_800, currency: 'JPY' } },
    { id: 'ring', name: 'Ring', price: { amount: 1_000_000_000, currency: 'KWD' } },
    ...oddIds.map((id, index) => product(id, `odd ${index}`, index)),
    ...Array.from({ length: 500 }, (_, index) => product(`many-${index}`, `Many ${index}`, index)),
  ],
  users: ['ada', 'auth0|abc'],
}

export const catalogContract = (
  name: string,
  open: () => Promise<Catalog>,
  { skip = false, users }: Options,
): void => {
  describe(`the ${name} catalog`, { skip }, () => {
    findsProducts(open)
    peeks(open)
    test(
      users === 'kept' ? 'knows its users, and only them' : 'keeps no users, so every user exists',
      async () => {
        await using catalog = await open()
        const asked = await Promise.all(['ada', 'auth0|abc', 'eve', 'ADA'].map(catalog.hasUser))
        assert.deepEqual(
          asked,
          users === 'kept' ? [true, true, false, false] : asked.map(() => true),
        )
      },
    )
    test('passes its check, before and after a look-up', async () => {
      await using catalog = await open()
      await catalog.check()
      await catalog.findProducts(['lamp'])
      await catalog.check()
    })
  })
}

const findsProducts = (open: () => Promise<Catalog>): void => {
  test('finds the products of the ids that exist', async () => {
    await using catalog = await open()
    const found = await catalog.findProducts(['lamp', 'nothing', 'gift', 'kettle', 'ring'])
    const wanted = contents.products.filter(({ id }) => found.has(id))
    assert.deepEqual([...found.keys()].sort(), ['gift', 'kettle', 'lamp', 'ring'])
    for (const each of wanted) assert.deepEqual(found.get(each.id), each)
  })

  test('finds nothing for no ids, and finds a product once whose id is given twice', async () => {
    await using catalog = await open()
    assert.equal((await catalog.findProducts([])).size, 0)
    assert.deepEqual([...(await catalog.findProducts(['lamp', 'lamp']))], [['lamp', lamp]])
  })

  test('compares ids byte by byte', async () => {
    await using catalog = await open()
    const near = [
      'LAMP',
      'Lamp',
      'lamp ',
      'lam',
      'lamp\u0301',
      'cafe\u0301',
      '..',
      '.',
      '%',
      '_amp',
    ]
    assert.deepEqual([...(await catalog.findProducts(near)).keys()], [])
  })

  test('accepts any id that a request may have', async () => {
    await using catalog = await open()
    for (const id of oddIds) {
      const found = await catalog.findProducts([id])
      assert.deepEqual([...found.keys()], [id])
      assert.match(found.get(id)?.name ?? '', /^odd \d+$/)
    }
  })

  test('finds as many products at once as a cart can hold', async () => {
    await using catalog = await open()
    const ids = Array.from({ length: 500 }, (_, index) => `many-${index}`)
    const found = await catalog.findProducts(ids)
    assert.equal(found.size, 500)
    assert.equal(found.get('many-499')?.price?.amount, 499)
  })
}

const peeks = (open: () => Promise<Catalog>): void => {
  test('peeks at products that were looked up before', async () => {
    await using catalog = await open()
    const ids = ['lamp', 'nothing', 'kettle']
    const found = await catalog.findProducts(ids)
    assert.deepEqual(await catalog.peekProducts(ids), found)
    assert.deepEqual(await catalog.peekProducts([]), new Map())
  })
}
