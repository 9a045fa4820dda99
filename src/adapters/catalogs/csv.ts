// Comma-separated values as RFC 4180 has them, read record by record. Lines may also end in LF or CR alone.
import { type CsvError as ParseError, parse } from 'csv-parse'
import { stringify } from 'csv-stringify/sync'

export type CsvRecord = {
  /** Of its first line, from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

/** From the line on, the text cannot be read. */
export class CsvError extends Error {
  readonly line: number
  constructor(line: number, message: string) {
    super(message)
    this.name = 'CsvError'
    this.line = line
  }
}

// A quote that is never closed would make one record of the rest of the file.
const recordBytesMax = 16_384

/**
 * @param texts pieces of whole characters
 * @throws CsvError when a quote is not where it may be, or a record is too long.
 */
export async function* readCsv(texts: AsyncIterable<string>): AsyncGenerator<CsvRecord[]> {
  const lines = countLines()
  let records: CsvRecord[] = []
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: recordBytesMax,
    record_delimiter: ['\r\n', '\n', '\r'],
    on_record: (fields: readonly string[], info) => {
      records.push({ line: lines.firstOf(fields, info), fields })
      return null
    },
  })
  parser.on('error', () => {})
  parser.resume()
  const write = (text: string | null): Promise<ParseError | null> =>
    new Promise((resolve) => {
      const done = (error?: Error | null) => resolve((error ?? null) as ParseError | null)
      if (text === null) parser.end(done)
      else parser.write(text, done)
    })
  const take = async function* (text: string | null) {
    const error = await write(text)
    // Also those before the position that cannot be read.
    if (records.length > 0) yield records
    records = []
    if (error !== null) throw toCsvError(error, lines)
  }
  for await (const text of texts) if (text !== '') yield* take(text)
  yield* take(null)
}

type Position = { readonly lines: number; readonly empty_lines: number }

/** The parser counts the lines up to the end of a record, and a CRLF within quotes as two. */
const countLines = () => {
  let [last, emptyBefore, surplus] = [0, 0, 0]
  return {
    firstOf: (fields: readonly string[], { lines, empty_lines }: Position): number => {
      const text = fields.join('')
      const doubled = text.match(/\r\n/g)?.length ?? 0
      const inside = (text.match(/[\r\n]/g)?.length ?? 0) - doubled
      surplus += doubled
      last = lines - surplus
      emptyBefore = empty_lines
      return last - inside
    },
    /** Of the record that could not be finished. */
    next: ({ empty_lines }: Position): number => last + 1 + empty_lines - emptyBefore,
    of: ({ lines }: Position): number => lines - surplus,
  }
}

const toCsvError = (error: ParseError, lines: ReturnType<typeof countLines>): CsvError => {
  const position = error as unknown as Position
  const first = lines.next(position)
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return new CsvError(first, 'a quote is not closed')
    case 'CSV_MAX_RECORD_SIZE': {
      // Only a quote takes a record over the end of a line.
      const why = lines.of(position) > first ? '; is a quote not closed?' : ''
      return new CsvError(first, `the record is longer than ${recordBytesMax} bytes${why}`)
    }
    case 'INVALID_OPENING_QUOTE':
      return new CsvError(
        lines.of(position),
        'a quote is inside of a field that does not begin with one',
      )
    case 'CSV_INVALID_CLOSING_QUOTE':
      return new CsvError(lines.of(position), 'a closing quote is followed by more')
    default:
      return new CsvError(lines.of(position), error.message)
  }
}

/** One record with its end of line. */
export const toCsvLine = (fields: readonly (string | null)[]): string =>
  stringify([[...fields]], { record_delimiter: 'windows', quoted_match: /[\r\n]/ })
