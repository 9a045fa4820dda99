// The catalog of a database from files and back, piece by piece: what is imported may be larger than memory.
import { type CsvRecord, toCsvLine } from './csv.ts'
import { toDecimal } from './price.ts'
import { toProduct } from './product.ts'
import { type Fault, type Kind, products, readSource, type Source, users } from './read-source.ts'
import type { CatalogWriter, Counts, ProductRow, Table } from './tables.ts'

export type ImportOptions = {
  /** At least one of them. */
  readonly sources: Readonly<Partial<Record<Table, Source>>>
  /** Of prices that name none. */
  readonly currency: string
  /** What is in the database and not in a source is kept, or removed. */
  readonly others: 'kept' | 'removed'
  readonly onProgress: (table: Table, rows: number) => void
}

export type ImportFault = Fault & { readonly table: Table }

export type ImportResult =
  | { readonly kind: 'imported'; readonly counts: Readonly<Record<Table, Counts>> }
  /** Nothing was imported. `faults` are the first of `faultsTotal`. */
  | {
      readonly kind: 'refused'
      readonly faults: readonly ImportFault[]
      readonly faultsTotal: number
    }

const faultsMax = 100

/** All that the sources hold, or nothing when a row of theirs is bad. */
export const importCatalog = async (
  writer: CatalogWriter,
  { sources, currency, others, onProgress }: ImportOptions,
): Promise<ImportResult> => {
  const faults: ImportFault[] = []
  let faultsTotal = 0
  const stageAll = async <T extends { readonly id: string }>(
    table: Table,
    kind: Kind<T>,
    stage: (rows: readonly T[]) => Promise<void>,
  ) => {
    const source = sources[table]
    if (source === undefined) return
    let rows = 0
    for await (const piece of readSource(source, kind)) {
      faultsTotal += piece.faults.length
      const room = faultsMax - faults.length
      faults.push(...piece.faults.slice(0, room).map((fault) => ({ ...fault, table })))
      // Nothing will be imported: the rest is read for its faults only.
      if (faultsTotal === 0) await stage(piece.rows)
      rows += piece.rows.length + piece.faults.length
      onProgress(table, rows)
    }
  }
  await stageAll('products', products(currency), writer.stageProducts)
  await stageAll('users', users, writer.stageUsers)
  if (faultsTotal > 0) return { kind: 'refused', faults, faultsTotal }
  const tables = (['products', 'users'] as const).filter((table) => sources[table] !== undefined)
  return { kind: 'imported', counts: await writer.apply(tables, others) }
}

/** The table as CSV, in lines by id. */
export async function* exportTable(
  writer: CatalogWriter,
  table: Table,
  currency: string,
): AsyncGenerator<string> {
  if (table === 'users') {
    yield toCsvLine(users.columns)
    for await (const page of writer.readUsers())
      yield page.map(({ id }) => toCsvLine([id])).join('')
    return
  }
  yield toCsvLine(products(currency).columns)
  for await (const page of writer.readProducts()) {
    yield page.map((row) => toCsvLine(toFields(row, currency))).join('')
  }
}

const toFields = (row: ProductRow, currency: string): CsvRecord['fields'] => {
  const [id, name, code] = [row.id, row.name, row.currency].map((value) => String(value ?? ''))
  return [id ?? '', name ?? '', toPriceField(row, currency), code ?? '']
}

const toPriceField = (row: ProductRow, currency: string): string => {
  try {
    const { price } = toProduct(row, currency)
    return price === null ? '' : toDecimal(price)
  } catch {
    // Written by hand and unreadable: exported as it is, so that it can be corrected.
    return String(row.price ?? '')
  }
}
