// Comma-separated values as RFC 4180 has them, read record by record. Lines may also end in LF alone.

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
const recordCharsMax = 16_384

// Up to the next character that may mean something else than itself.
const plainPattern = /[^",\r\n]*/y
const quotedPattern = /[^"\r\n]*/y

type State = 'start' | 'plain' | 'quoted' | 'closed'

/** @throws CsvError when a quote is not where it may be, or a record is too long. */
export async function* readCsv(texts: AsyncIterable<string>): AsyncGenerator<CsvRecord[]> {
  const parser = openParser()
  let isFirst = true
  for await (const text of texts) {
    if (text === '') continue
    const records: CsvRecord[] = []
    try {
      parser.take(isFirst ? text.replace(/^\uFEFF/, '') : text, records)
    } finally {
      // Also those before the place that cannot be read.
      if (records.length > 0) yield records
    }
    isFirst = false
  }
  yield parser.end()
}

const openParser = () => {
  let [line, firstLine, chars] = [1, 1, 0]
  let fields: string[] = []
  let field = ''
  let state: State = 'start'
  let isAfterReturn = false
  const add = (text: string) => {
    field += text
    chars += text.length
    if (chars <= recordCharsMax) return
    const why = state === 'quoted' ? '; is a quote not closed?' : ''
    throw new CsvError(firstLine, `the record is longer than ${recordCharsMax} characters${why}`)
  }
  const endField = () => {
    fields.push(field)
    field = ''
    chars += 1
    state = 'start'
  }
  const endRecord = (records: CsvRecord[]) => {
    const isEmpty = fields.length === 0 && field === '' && state === 'start'
    endField()
    if (!isEmpty) records.push({ line: firstLine, fields })
    fields = []
    chars = 0
  }
  const meetQuote = () => {
    if (state === 'start') state = 'quoted'
    else if (state === 'quoted') state = 'closed'
    else if (state === 'closed') {
      add('"')
      state = 'quoted'
    } else {
      throw new CsvError(line, 'a quote stands inside of a field that does not begin with one')
    }
  }
  const meet = (char: string, records: CsvRecord[]) => {
    // The LF of a CRLF ends no second record; within quotes, both belong to the field.
    const isSecondHalf = char === '\n' && isAfterReturn
    if (char === '\r' || (char === '\n' && !isSecondHalf)) line += 1
    isAfterReturn = char === '\r'
    if (char === '"') meetQuote()
    else if (state === 'quoted') add(char)
    else if (char === ',') endField()
    else if (!isSecondHalf) endRecord(records)
    if (fields.length === 0 && field === '' && state === 'start') firstLine = line
  }
  return {
    take: (text: string, records: CsvRecord[]): void => {
      for (let at = 0; at < text.length; at += 1) {
        const pattern = state === 'quoted' ? quotedPattern : plainPattern
        pattern.lastIndex = at
        const [run = ''] = pattern.exec(text) ?? []
        if (run !== '') {
          if (state === 'closed') throw new CsvError(line, 'a closing quote is followed by more')
          isAfterReturn = false
          if (state === 'start') state = 'plain'
          add(run)
          at += run.length
        }
        const char = text[at]
        if (char !== undefined) meet(char, records)
      }
    },
    end: (): CsvRecord[] => {
      if (state === 'quoted') throw new CsvError(firstLine, 'a quote is not closed')
      const records: CsvRecord[] = []
      if (fields.length > 0 || field !== '' || state !== 'start') endRecord(records)
      return records
    },
  }
}

/** One record with its end of line. */
export const toCsvLine = (fields: readonly (string | null)[]): string =>
  `${fields.map((field) => toField(field ?? '')).join(',')}\r\n`

const toField = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
