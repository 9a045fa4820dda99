// CSV by RFC 4180, cut into pieces of any size, and its faults with their lines.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CsvError, type CsvRecord, readCsv, toCsvLine } from '../../../src/adapters/catalogs/csv.ts'

// Between characters, as a decoder of a stream does it.
async function* cut(text: string, chars: number): AsyncGenerator<string> {
  const all = [...text]
  for (let start = 0; start < all.length; start += chars) {
    yield all.slice(start, start + chars).join('')
  }
}

const read = async (text: string, chars = 1_000): Promise<CsvRecord[]> => {
  const all: CsvRecord[] = []
  for await (const records of readCsv(cut(text, chars))) all.push(...records)
  return all
}

const fieldsOf = async (text: string, chars?: number) =>
  (await read(text, chars)).map(({ fields }) => fields)

test('records that were written are read again, in pieces of any size', async () => {
  const anyField = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }).map((field) => field.toWellFormed()),
    fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', 'a', ' '), maxLength: 8 }),
  )
  // A record of one empty field is an empty line, which is skipped.
  const anyRecord = fc
    .array(anyField, { minLength: 1, maxLength: 5 })
    .filter((fields) => fields.join() !== '')
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRecord, { maxLength: 6 }),
      fc.integer({ min: 1, max: 9 }),
      async (records, chars) => {
        const text = records.map(toCsvLine).join('')
        // A byte-order mark at the very start is not part of the first field.
        fc.pre(!text.startsWith('\uFEFF'))
        assert.deepEqual(await fieldsOf(text, chars), records)
        assert.deepEqual(await fieldsOf(`\uFEFF${text}`, chars), records)
      },
    ),
    { numRuns: 1_000 },
  )
})

const texts: readonly (readonly [text: string, records: readonly (readonly string[])[]])[] = [
  ['', []],
  ['\uFEFF', []],
  ['a', [['a']]],
  ['a\n', [['a']]],
  ['a\r\n', [['a']]],
  ['a\rb\r', [['a'], ['b']]],
  ['\n\r\n\na\n\n', [['a']]],
  [
    'a,b\nc,d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [',', [['', '']]],
  ['""', [['']]],
  ['"",', [['', '']]],
  [' a , b ', [[' a ', ' b ']]],
  ['"a,b","c""d","e\r\nf\ng"', [['a,b', 'c"d', 'e\r\nf\ng']]],
  ['""""', [['"']]],
  ['"a"\r\n"b"', [['a'], ['b']]],
]

test('separators, quotes, ends of lines and a byte-order mark are read by RFC 4180', async () => {
  for (const [text, records] of texts) {
    for (const chars of [1, 2, 3, 1_000]) {
      assert.deepEqual(await fieldsOf(text, chars), records, JSON.stringify(text))
    }
  }
})

test('a record has the number of its first line, also after quoted line ends and empty lines', async () => {
  const text = 'id\r\n"a\r\nb"\n\n\nc\n"d\n\n"\ne'
  for (const chars of [1, 2, 1_000]) {
    const lines = (await read(text, chars)).map(({ line }) => line)
    assert.deepEqual(lines, [1, 2, 6, 7, 10])
  }
})

test('text that is not CSV is reported with its line, after all records before it', async () => {
  const faults = [
    ['a\nb"c', 2, /inside of a field/],
    ['a\n"b"c', 2, /followed by more/],
    ['a\n"b" ,', 2, /followed by more/],
    ['a\nb\n"c\nd\n', 3, /not closed/],
    [`a\nb\n"${'c\n'.repeat(9_000)}`, 3, /longer than 16384 bytes; is a quote not closed/],
    [`a\nb\n${'c'.repeat(20_000)}`, 3, /longer than 16384 bytes$/],
  ] as const
  for (const [text, line, message] of faults) {
    const before: CsvRecord[] = []
    const reading = async () => {
      for await (const records of readCsv(cut(text, 100_000))) before.push(...records)
    }
    await assert.rejects(reading, (error) => {
      assert.ok(error instanceof CsvError)
      assert.equal(error.line, line)
      assert.match(error.message, message)
      return true
    })
    assert.equal(before.length, line - 1)
  }
})
