// A table as its rows are written and read: named fields on our side, lists of cells on the database's, in
// one order. Every cell that is read is checked, since people and other programs can write to a database.

export type Cell = string | number | null
export type Row = readonly Cell[]
/** The name of the type in both databases. */
export type ColumnType = 'text' | 'integer' | 'bigint'

type Column<T> = {
  readonly type: ColumnType
  /** Undefined when the cell holds something else. */
  readonly read: (cell: unknown) => T | undefined
}

const column = <T>(type: ColumnType, read: Column<T>['read']): Column<T> => ({ type, read })

const readText = (cell: unknown) => (typeof cell === 'string' ? cell : undefined)
const readInteger = (cell: unknown) => (Number.isSafeInteger(cell) ? (cell as number) : undefined)

export const text = column('text', readText)
/** A text of a kind of its own, such as an id. */
export const textAs = <T extends string>() =>
  column('text', (cell) => readText(cell) as T | undefined)
/** Up to 2^31. */
export const integer = column('integer', readInteger)
/** A time, a counter or an amount. */
export const bigint = column('bigint', readInteger)
export const oneOf = <const T extends string>(...words: readonly T[]) =>
  column('text', (cell) => words.find((word) => word === cell))
export const nullable = <T>({ type, read }: Column<T>) =>
  column<T | null>(type, (cell) => (cell === null ? null : read(cell)))

type Columns = Readonly<Record<string, Column<unknown>>>

export type Fields<C extends Columns> = {
  readonly [Name in keyof C]: C[Name] extends Column<infer T> ? T : never
}

export type Table<C extends Columns> = {
  readonly columns: readonly (keyof C & string)[]
  readonly types: Readonly<Record<keyof C & string, ColumnType>>
  toRow(fields: Fields<C>): Row
  /** @throws Error that names the column, when a cell holds what it may not. */
  fromRow(row: readonly unknown[]): Fields<C>
  /** For rows in which the cell of each column is at an index of its own. */
  readerAt(indexes: readonly number[]): (row: readonly unknown[]) => Fields<C>
}

export const defineTable = <C extends Columns>(name: string, definition: C): Table<C> => {
  const columns = Object.keys(definition) as (keyof C & string)[]
  const readers = columns.map((each) => definition[each]?.read ?? (() => undefined))
  const types = Object.fromEntries(columns.map((each) => [each, definition[each]?.type]))
  // Copied for each row, so that all have one hidden class.
  const blank = Object.fromEntries(columns.map((each) => [each, null]))

  const readerAt = (indexes: readonly number[]) => (row: readonly unknown[]) => {
    const fields: Record<string, unknown> = { ...blank }
    for (let index = 0; index < columns.length; index += 1) {
      const cell = row[indexes[index] ?? -1]
      const value = readers[index]?.(cell)
      if (value === undefined) {
        throw new Error(`${name}.${columns[index]} holds ${toShown(cell)}, which it may not`)
      }
      fields[columns[index] ?? ''] = value
    }
    return fields as Fields<C>
  }
  return {
    columns,
    types: types as Table<C>['types'],
    toRow: (fields) => columns.map((each) => fields[each] as Cell),
    fromRow: readerAt(columns.map((_, index) => index)),
    readerAt,
  }
}

const toShown = (cell: unknown): string => String(JSON.stringify(cell)).slice(0, 60)
