// Rows on their way to the database: a list for each column, as the text of a PostgreSQL array. One
// statement then takes any number of rows and stays the same text.

export type Value = string | number | boolean | null
export type Row = readonly Value[]
export type ColumnType = 'text' | 'bigint' | 'integer' | 'boolean'

/** The columns of rows that all have `width` values, each as the text of an array. */
export const toColumns = (rows: readonly Row[], width: number): readonly string[] => {
  const columns: string[] = []
  for (let place = 0; place < width; place += 1) {
    let text = ''
    for (const row of rows) {
      if (text !== '') text += ','
      text += toElement(row[place])
    }
    columns.push(`{${text}}`)
  }
  return columns
}

const toElement = (value: Value | undefined): string => {
  if (value === null || value === undefined) return 'NULL'
  return typeof value === 'string' ? quote(value) : String(value)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const control = /[\u0000-\u001f]/

// JSON and arrays quote alike, but for control characters; JSON.stringify takes half the time of replacing.
const quote = (text: string): string =>
  control.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : JSON.stringify(text)

/** Such rows as a source of a FROM clause; their parameters begin at `first`, from 1. */
export const unnest = (
  columns: Readonly<Record<string, ColumnType>>,
  name: string,
  first: number,
): string => {
  const parameters = Object.values(columns).map((type, place) => `$${first + place}::${type}[]`)
  return `unnest(${parameters.join(', ')}) as ${name}(${Object.keys(columns).join(', ')})`
}
