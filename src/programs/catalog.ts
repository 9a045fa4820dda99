// The catalog in the database, from files and back: `npm run catalog -- import products.csv`.
import {
  createReadStream,
  createWriteStream,
  existsSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { assertCurrency } from '../adapters/catalogs/price.ts'
import { formatOf, type Source } from '../adapters/catalogs/read-source.ts'
import type { CatalogWriter, Table } from '../adapters/catalogs/tables.ts'
import { exportTable, importCatalog } from '../adapters/catalogs/transfer.ts'
import { printError, readConfigOrExit } from '../config/load-config.ts'
import type { Config } from '../config/read-config.ts'
import { reasonOf } from '../platform/reason-of.ts'

const usage = `Brings the catalog of the cart service from files into its database, or back.

  npm run catalog -- import [products.csv] [--users users.csv] [--replace] [--currency USD]
  npm run catalog -- export [products.csv] [--users users.csv]

import  adds and changes products, and with --users users. The files are CSV or JSON, by their
        extension; - is CSV from the standard input. The first line of CSV names the columns, of
        id,name,price,currency and of id. When a row is bad, all bad rows are named (at most 100) and
        nothing is imported. The service may run meanwhile.
export  writes CSV, to the standard output when no file is named.

  --replace   also remove what is in the database and not in the file
  --currency  of prices that name none (CATALOG_CURRENCY)
  --users     a file of users
  --help      this text

The database is that of DATABASE_URL. Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong settings.
`

type Order = {
  readonly verb: 'import' | 'export'
  readonly files: Readonly<Partial<Record<Table, string>>>
  readonly others: 'kept' | 'removed'
  /** Null: that of the settings. */
  readonly currency: string | null
}

type Settled = Order & { readonly currency: string }

/** @throws Error when they are no order. */
const readOrder = (args: readonly string[]): Order | 'help' => {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      users: { type: 'string' },
      replace: { type: 'boolean', default: false },
      currency: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  })
  if (values.help) return 'help'
  const [verb, products, ...more] = positionals
  if (verb !== 'import' && verb !== 'export') throw new Error('say import or export')
  if (more.length > 0) throw new Error(`"${more[0]}" is one file too many`)
  if (verb === 'import' && products === undefined && values.users === undefined) {
    throw new Error('name the file to import')
  }
  if (products === '-' && values.users === '-') throw new Error('- can stand for one file only')
  if (verb === 'export' && values.replace) throw new Error('--replace is for import')
  const { currency = null } = values
  if (currency !== null && !isCode(currency))
    throw new Error('--currency must be a code of ISO 4217 such as USD')
  // With --users alone, an export is of users alone.
  const isOfProducts = products !== undefined || (verb === 'export' && values.users === undefined)
  return {
    verb,
    files: {
      ...(isOfProducts && { products: products ?? '-' }),
      ...(values.users !== undefined && { users: values.users }),
    },
    others: values.replace ? 'removed' : 'kept',
    currency,
  }
}

const isCode = (code: string): boolean => {
  try {
    assertCurrency(code)
    return true
  } catch {
    return false
  }
}

const openWriter = async ({ database }: Config): Promise<CatalogWriter> => {
  switch (database.kind) {
    case 'memory':
      printError('DATABASE_URL is memory:, which ends with the service and holds no catalog')
      process.exit(78)
      break
    case 'sqlite': {
      await makeStore(database.path)
      const { openSqliteWriter } = await import('../adapters/catalogs/sqlite.ts')
      return openSqliteWriter(database.path)
    }
    case 'postgres': {
      const { openPostgresWriter } = await import('../adapters/catalogs/postgres.ts')
      return openPostgresWriter(database.url)
    }
    default:
      return database satisfies never
  }
}

/** Before the first start of the service there is no file; the store makes it as it wants it. */
const makeStore = async (path: string): Promise<void> => {
  if (existsSync(path) && statSync(path).size > 0) return
  const { openSqliteStore } = await import('../adapters/stores/sqlite/open.ts')
  const store = await openSqliteStore(path)
  await store[Symbol.asyncDispose]()
}

const toSource = (path: string): Source =>
  path === '-'
    ? { bytes: process.stdin, format: 'csv' }
    : { bytes: readFile(path), format: formatOf(path) }

// Opened when its turn comes: a stream that fails before anybody listens would end the program.
async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path)
}

const nameOf = (path: string | undefined): string => basename(path === '-' ? 'input' : (path ?? ''))

const reportEveryRows = 100_000

const runImport = async (writer: CatalogWriter, order: Settled): Promise<number> => {
  const { files, currency, others } = order
  let reported = 0
  const result = await importCatalog(writer, {
    sources: {
      ...(files.products !== undefined && { products: toSource(files.products) }),
      ...(files.users !== undefined && { users: toSource(files.users) }),
    },
    currency,
    others,
    onProgress: (table, rows) => {
      if (rows < reportEveryRows) reported = 0
      if (rows - reported < reportEveryRows) return
      reported = rows - (rows % reportEveryRows)
      printError(`${nameOf(files[table])}: ${reported.toLocaleString('en')} rows read`)
    },
  })
  if (result.kind === 'refused') {
    for (const { table, line, message } of result.faults) {
      printError(`${nameOf(files[table])}, line ${line}: ${message}`)
    }
    const more = result.faultsTotal - result.faults.length
    if (more > 0) printError(`and ${more} more`)
    printError(`bad rows: ${result.faultsTotal}; nothing was imported`)
    return 1
  }
  for (const table of Object.keys(files) as Table[]) {
    const { added, changed, removed, unchanged } = result.counts[table]
    process.stdout.write(
      `${table}: ${added} added, ${changed} changed, ${removed} removed, ${unchanged} unchanged\n`,
    )
  }
  return 0
}

const runExport = async (writer: CatalogWriter, { files, currency }: Settled): Promise<number> => {
  for (const [table, path] of Object.entries(files) as [Table, string][]) {
    const lines = Readable.from(exportTable(writer, table, currency))
    if (path === '-') {
      await pipeline(lines, process.stdout, { end: false })
      continue
    }
    // A reader of the file sees the old one or the new one, never a part.
    const part = `${path}.part`
    try {
      await pipeline(lines, createWriteStream(part))
      renameSync(part, path)
    } catch (error) {
      rmSync(part, { force: true })
      throw error
    }
  }
  return 0
}

const main = async (): Promise<number> => {
  let order: Order | 'help'
  try {
    order = readOrder(process.argv.slice(2))
  } catch (error) {
    printError(`${reasonOf(error)}; --help says more`)
    return 2
  }
  if (order === 'help') {
    process.stdout.write(usage)
    return 0
  }
  const config = readConfigOrExit()
  try {
    await using writer = await openWriter(config)
    const settled = { ...order, currency: order.currency ?? config.catalogCurrency }
    return await (order.verb === 'import' ? runImport(writer, settled) : runExport(writer, settled))
  } catch (error) {
    // The reader of the export has seen enough, as with `| head`.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0
    printError(reasonOf(error))
    return 1
  }
}

process.exitCode = await main()
