// Rows of several tables in one form, so that one statement reads them all: a kind, the id of the cart, as
// many numbers as the table with the most has, and as many texts.
import type { ColumnType } from '../rows/define-table.ts'

type Types = Readonly<Record<string, ColumnType>>

export type UnionLayout<Kind extends string> = {
  readonly kindIndex: number
  readonly userIdIndex: number
  /** Where the cells of each table's columns are in a row. */
  readonly indexes: Readonly<Record<Kind, readonly number[]>>
  /** `select …` of a table's rows in the common form. */
  readonly select: Readonly<Record<Kind, (alias: string) => string>>
}

const isNumber = (type: ColumnType | undefined): boolean => type !== 'text'

/** Every table has the column user_id, whether or not it is among its types. */
export const layOut = <Kind extends string>(
  tables: Readonly<Record<Kind, Types>>,
): UnionLayout<Kind> => {
  const kinds = Object.keys(tables) as Kind[]
  const split = (types: Types) => ({
    numbers: Object.keys(types).filter((name) => isNumber(types[name])),
    texts: Object.keys(types).filter((name) => !isNumber(types[name]) && name !== 'user_id'),
  })
  const most = (part: 'numbers' | 'texts') =>
    Math.max(...kinds.map((kind) => split(tables[kind])[part].length))
  const [numbersMax, textsMax] = [most('numbers'), most('texts')]
  const firstNumber = 2
  const firstText = firstNumber + numbersMax

  const indexesOf = (types: Types): readonly number[] => {
    const { numbers, texts } = split(types)
    return Object.keys(types).map((name) => {
      if (name === 'user_id') return 1
      return isNumber(types[name])
        ? firstNumber + numbers.indexOf(name)
        : firstText + texts.indexOf(name)
    })
  }
  const selectOf = (kind: Kind) => (alias: string) => {
    const { numbers, texts } = split(tables[kind])
    const pad = (names: readonly string[], count: number, type: ColumnType) =>
      Array.from({ length: count }, (_, index) => {
        const name = names[index]
        return name === undefined ? `null::${type}` : `${alias}.${name}::${type}`
      })
    const cells = [...pad(numbers, numbersMax, 'bigint'), ...pad(texts, textsMax, 'text')]
    return `select '${kind}' as kind, ${alias}.user_id, ${cells.join(', ')}`
  }
  const each = <T>(make: (kind: Kind) => T) =>
    Object.fromEntries(kinds.map((kind) => [kind, make(kind)])) as Record<Kind, T>
  return {
    kindIndex: 0,
    userIdIndex: 1,
    indexes: each((kind) => indexesOf(tables[kind])),
    select: each(selectOf),
  }
}
