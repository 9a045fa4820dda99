// Products and users from CSV or JSON, each with the line it stands on. A source may be larger than
// memory: it is read in pieces, as far as its format allows.
import type { Product } from '../../ports/catalog.ts'
import { CsvError, type CsvRecord, readCsv } from './csv.ts'
import { findBrokenLine, findElementLines } from './json-lines.ts'
import { type ProductRecord, toProduct, toUserId } from './product.ts'

/** What a source has rows of. */
export type Kind<T extends { readonly id: string }> = {
  readonly what: string
  readonly columns: readonly string[]
  /** @throws Error with a sentence for the person who wrote it. */
  readonly parse: (record: Readonly<Record<string, unknown>>) => T
}

export type User = { readonly id: string }

export const products = (usualCurrency: string): Kind<Product> => ({
  what: 'products',
  columns: ['id', 'name', 'price', 'currency'],
  parse: (record) => toProduct(record as ProductRecord, usualCurrency),
})

export const users: Kind<User> = {
  what: 'users',
  columns: ['id'],
  parse: ({ id }) => ({ id: toUserId(id) }),
}

export type Fault = { readonly line: number; readonly message: string }

export type Piece<T> = { readonly rows: readonly T[]; readonly faults: readonly Fault[] }

export type Source = {
  readonly bytes: AsyncIterable<Uint8Array>
  readonly format: 'csv' | 'json'
}

export const formatOf = (path: string): Source['format'] => (/\.json$/i.test(path) ? 'json' : 'csv')

/** Ids are remembered to find those that come twice, about 100 bytes each. */
export const rowsMax = 5_000_000
const jsonBytesMax = 67_108_864

/** What makes the rest of a source unreadable. */
class Unreadable extends Error {
  readonly line: number
  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/** All that can be read, with a fault for each row that cannot be taken as it is. */
export async function* readSource<T extends { readonly id: string }>(
  source: Source,
  kind: Kind<T>,
): AsyncGenerator<Piece<T>> {
  const lineOf = new Map<string, number>()
  try {
    const pieces = source.format === 'csv' ? readCsvRows(source, kind) : readJsonRows(source, kind)
    for await (const piece of pieces) {
      const rows: T[] = []
      const faults: Fault[] = []
      for (const { line, read } of piece) {
        try {
          const row = read()
          const before = lineOf.get(row.id)
          if (before !== undefined) throw new Error(`"${row.id}" is on line ${before} already`)
          lineOf.set(row.id, line)
          rows.push(row)
        } catch (error) {
          faults.push({ line, message: error instanceof Error ? error.message : String(error) })
        }
      }
      if (rows.length + faults.length > 0) yield { rows, faults }
      if (lineOf.size > rowsMax) throw new Unreadable(1, `there are more than ${rowsMax} rows`)
    }
  } catch (error) {
    if (!(error instanceof Unreadable || error instanceof CsvError)) throw error
    yield { rows: [], faults: [{ line: error.line, message: error.message }] }
  }
}

type Row<T> = { readonly line: number; readonly read: () => T }

async function* readCsvRows<T extends { readonly id: string }>(
  { bytes }: Source,
  kind: Kind<T>,
): AsyncGenerator<readonly Row<T>[]> {
  let header: CsvRecord | undefined
  for await (const records of readCsv(decode(bytes))) {
    const [first] = records
    const isHeader = header === undefined && first !== undefined
    if (isHeader) {
      header = first
      assertHeader(header, kind)
    }
    const names = header?.fields ?? []
    yield (isHeader ? records.slice(1) : records).map(({ line, fields }) => ({
      line,
      read: () => {
        if (fields.length !== names.length) {
          throw new Error(`there are ${fields.length} fields, but ${names.length} columns`)
        }
        return kind.parse(Object.fromEntries(names.map((name, index) => [name, fields[index]])))
      },
    }))
  }
  if (header === undefined) throw new Unreadable(1, headerRule(kind))
}

const headerRule = ({ columns }: Kind<User>): string =>
  `the first line must name the columns (${columns.join(',')}${columns.length > 1 ? '; at least id' : ''})`

const assertHeader = ({ line, fields }: CsvRecord, kind: Kind<User>): void => {
  const unknown = fields.find((name) => !kind.columns.includes(name))
  if (unknown !== undefined) {
    throw new Unreadable(line, `${headerRule(kind)}; "${unknown.slice(0, 60)}" is none of them`)
  }
  const twice = fields.find((name, index) => fields.indexOf(name) !== index)
  if (twice !== undefined) throw new Unreadable(line, `the column ${twice} is there twice`)
  if (!fields.includes('id')) throw new Unreadable(line, `${headerRule(kind)}; there is no id`)
}

async function* decode(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let line = 1
  const decodePiece = (piece: Uint8Array, stream: boolean): string => {
    try {
      const text = decoder.decode(piece, { stream })
      line += text.split('\n').length - 1
      return text
    } catch {
      const [before = ''] = new TextDecoder().decode(piece).split('\uFFFD')
      throw new Unreadable(line + before.split('\n').length - 1, 'the text is not UTF-8')
    }
  }
  for await (const piece of bytes) yield decodePiece(piece, true)
  yield decodePiece(new Uint8Array(), false)
}

async function* readJsonRows<T extends { readonly id: string }>(
  { bytes }: Source,
  kind: Kind<T>,
): AsyncGenerator<readonly Row<T>[]> {
  const text = await readWhole(bytes)
  const elements = parseArray(text, kind)
  const lines = findElementLines(text)
  yield elements.map((element, index) => ({
    line: lines[index] ?? 1,
    read: () => kind.parse(assertRecord(element, kind)),
  }))
}

const readWhole = async (bytes: AsyncIterable<Uint8Array>): Promise<string> => {
  let text = ''
  for await (const piece of decode(bytes)) {
    text += piece
    // Characters rather than bytes: a bound for memory, not for the file.
    if (text.length > jsonBytesMax) {
      throw new Unreadable(1, `JSON is read up to ${jsonBytesMax} characters; use CSV`)
    }
  }
  return text.replace(/^\uFEFF/, '')
}

const parseArray = (text: string, { what, columns }: Kind<User>): readonly unknown[] => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Unreadable(findBrokenLine(text), `it is not JSON: ${(error as Error).message}`)
  }
  if (Array.isArray(value)) return value
  throw new Unreadable(1, `the ${what} must be an array of objects with ${columns.join(', ')}`)
}

const assertRecord = (
  element: unknown,
  { columns }: Kind<User>,
): Readonly<Record<string, unknown>> => {
  const isRecord = typeof element === 'object' && element !== null && !Array.isArray(element)
  const unknown = isRecord ? Object.keys(element).find((name) => !columns.includes(name)) : ''
  if (isRecord && unknown === undefined) return element as Readonly<Record<string, unknown>>
  const why = unknown === '' ? '' : `; "${unknown?.slice(0, 60)}" is none of them`
  throw new Error(`there must be an object with ${columns.join(', ')}${why}`)
}
