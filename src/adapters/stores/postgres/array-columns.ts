// Rows on their way to the database: a list for each column, as the text of a PostgreSQL array. One
// statement then takes any number of rows and stays the same text.
import type { ColumnType } from '../rows/define-table.ts'

export type ArrayType = ColumnType | 'boolean'
export type ArrayCell = string | number | boolean | null
export type ArrayRow = readonly ArrayCell[]
export type ArrayColumns = Readonly<Record<string, ArrayType>>

/** The columns of rows that all have `width` cells, each as the text of an array. */
export const toArrays = (rows: readonly ArrayRow[], width: number): readonly string[] => {
  const arrays: string[] = []
  for (let index = 0; index < width; index += 1) {
    let text = ''
    for (const row of rows) {
      if (text !== '') text += ','
      text += toElement(row[index])
    }
    arrays.push(`{${text}}`)
  }
  return arrays
}

const toElement = (cell: ArrayCell | undefined): string => {
  if (cell === null || cell === undefined) return 'NULL'
  return typeof cell === 'string' ? quote(cell) : String(cell)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const control = /[\u0000-\u001f]/

// JSON and arrays quote alike, but for control characters; JSON.stringify takes half the time of replacing.
const quote = (text: string): string =>
  control.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : JSON.stringify(text)

/** Such rows as a source of a FROM clause; their parameters begin at `first`, from 1. */
export const unnest = (columns: ArrayColumns, name: string, first: number): string => {
  const parameters = Object.values(columns).map((type, index) => `$${first + index}::${type}[]`)
  return `unnest(${parameters.join(', ')}) as ${name}(${Object.keys(columns).join(', ')})`
}
