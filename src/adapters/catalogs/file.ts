// The catalog from a file of products, and one of users if there is one: CSV or JSON, held in memory,
// read again when a file changes. A new version that is broken leaves the one before in force.
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Catalog, Product } from '../../ports/catalog.ts'
import { assertCurrency } from './price.ts'
import { formatOf, type Kind, products, readSource, users } from './read-source.ts'

export type FileCatalogOptions = {
  readonly path: string
  /** Null: users are not kept, every user is there. */
  readonly usersPath: string | null
  /** Of prices that name none. */
  readonly currency: string
  /** A new version cannot be used; reported once for each. */
  readonly onTrouble: (error: Error) => void
  readonly lookEveryMs?: number
}

// Looked for rather than watched: this also works on network file systems, and where a file is a link
// that is turned to another file, as in the volumes of Kubernetes. A look takes some 50 µs.
const usualLookMs = 1_000
const fileBytesMax = 268_435_456
const rowsInMemoryMax = 1_000_000

/** @throws Error with the line, when a file is missing or broken at the start. */
export const openFileCatalog = async (options: FileCatalogOptions): Promise<Catalog> => {
  const { path, usersPath, currency, onTrouble, lookEveryMs = usualLookMs } = options
  assertCurrency(currency)
  const goods = await keepFile(path, products(currency), onTrouble)
  const people = usersPath === null ? null : await keepFile(usersPath, users, onTrouble)
  const end = new AbortController()
  const looking = look([goods, ...(people === null ? [] : [people])], lookEveryMs, end.signal)
  const find = (ids: readonly string[]): ReadonlyMap<string, Product> => {
    const all = goods.rows()
    return new Map(
      ids.flatMap((id) => {
        const product = all.get(id)
        return product === undefined ? [] : [[id, product] as const]
      }),
    )
  }
  return {
    name: 'file',
    findProducts: async (ids) => find(ids),
    peekProducts: async (ids) => find(ids),
    hasUser: async (id) => people === null || people.rows().has(id),
    // Broken or gone, the version in force still answers.
    check: async () => {},
    [Symbol.asyncDispose]: async () => {
      end.abort()
      await looking
    },
  }
}

type KeptFile<T> = {
  rows(): ReadonlyMap<string, T>
  /** Reads the file again if it has changed since. Never throws. */
  look(): Promise<void>
}

const look = async (
  files: readonly KeptFile<unknown>[],
  everyMs: number,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, everyMs)
      timer.unref()
      signal.addEventListener('abort', wake)
    })
    for (const file of files) if (!signal.aborted) await file.look()
  }
}

const keepFile = async <T extends { readonly id: string }>(
  path: string,
  kind: Kind<T>,
  onTrouble: (error: Error) => void,
): Promise<KeptFile<T>> => {
  let version = await versionOf(path)
  let rows = await readFile(path, kind)
  // A file is read when it looks the same twice in a row: not while it is being written.
  let seen = version
  return {
    rows: () => rows,
    look: async () => {
      const current = await versionOf(path)
      const isSettled = current === seen
      seen = current
      if (!isSettled || current === version) return
      try {
        const fresh = await readFile(path, kind)
        if ((await versionOf(path)) === current) rows = fresh
        version = current
      } catch (error) {
        version = current
        const reason = error instanceof Error ? error.message : String(error)
        onTrouble(new Error(`${reason}; the version before stays in force`))
      }
    },
  }
}

const versionOf = async (path: string): Promise<string> => {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true })
    return [mtimeNs, ctimeNs, size, ino].join()
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

const readFile = async <T extends { readonly id: string }>(
  path: string,
  kind: Kind<T>,
): Promise<ReadonlyMap<string, T>> => {
  const name = basename(path)
  await using file = await open(path).catch((error: Error) => {
    throw new Error(`the ${kind.what} cannot be read: ${error.message}`)
  })
  const { size } = await file.stat()
  if (size > fileBytesMax) throw new Error(`${name} is larger than ${fileBytesMax} bytes`)
  const rows = new Map<string, T>()
  const bytes = file.createReadStream({ autoClose: false })
  for await (const piece of readSource({ bytes, format: formatOf(path) }, kind)) {
    const [fault] = piece.faults
    if (fault !== undefined) throw new Error(`${name}, line ${fault.line}: ${fault.message}`)
    for (const row of piece.rows) rows.set(row.id, row)
    if (rows.size > rowsInMemoryMax) {
      throw new Error(
        `${name} has more than ${rowsInMemoryMax} ${kind.what}; keep them in a database`,
      )
    }
  }
  return rows
}
