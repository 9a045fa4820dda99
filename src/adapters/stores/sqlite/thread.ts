// The thread that owns the SQLite file. Calls that wait when it looks share one transaction and one
// fsync; their answers leave after it.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { type Database, openDatabase, toUnusable } from './database.ts'
import { type Call, closeMessage, type Opened, type Result } from './messages.ts'
import { openTables, readsOnly, type Tables } from './tables.ts'

// Calls in one transaction: bounds how long the first of them waits for the last.
const groupMax = 512

const serve = async (port: MessagePort, path: string): Promise<void> => {
  const database = await openDatabase(path)
  const tables = openTables(database)
  let waiting: Call[] = []
  port.on('message', (message: string) => {
    let isClosing = false
    const take = (text: string) => {
      if (text === closeMessage) isClosing = true
      else waiting.push(...(JSON.parse(text) as Call[]))
    }
    take(message)
    while (!isClosing && waiting.length < groupMax) {
      const more = receiveMessageOnPort(port) as { readonly message: string } | undefined
      if (more === undefined) break
      take(more.message)
    }
    const group = waiting
    waiting = []
    if (group.length > 0) port.postMessage(JSON.stringify(runGroup(database, tables, group)))
    if (!isClosing) return
    database.close()
    port.close()
  })
  port.postMessage({ opened: true } satisfies Opened)
}

const runGroup = (
  database: Database,
  tables: Tables,
  group: readonly Call[],
): readonly Result[] => {
  if (group.every(({ method }) => readsOnly.has(method))) {
    return group.map((call) => toResult(() => run(tables, call)))
  }
  const begun = toResult(() => begin(database))
  // Another program writes to the file: each for itself would wait for it as long again.
  if ('error' in begun) return group.map(() => begun)
  const together = toResult(() => finish(database, () => group.map((call) => run(tables, call))))
  if (!('error' in together)) return (together.value as unknown[]).map((value) => ({ value }))
  // One of them failed and took the others along: each for itself, so that only that one fails.
  return group.map((call) =>
    toResult(() => {
      begin(database)
      return finish(database, () => run(tables, call))
    }),
  )
}

const run = (tables: Tables, { method, args }: Call): unknown =>
  (tables[method] as (...args: readonly unknown[]) => unknown)(...args)

const begin = (database: Database): void => database.exec('begin immediate')

const finish = <T>(database: Database, work: () => T): T => {
  try {
    const value = work()
    database.exec('commit')
    return value
  } catch (error) {
    rollBack(database)
    throw error
  }
}

const rollBack = (database: Database): void => {
  try {
    database.exec('rollback')
  } catch {
    // SQLite has rolled back by itself, as it does when the disk is full.
  }
}

const toResult = (work: () => unknown): Result => {
  try {
    return { value: work() }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

if (parentPort !== null) {
  const { path } = workerData as { readonly path: string }
  try {
    await serve(parentPort, path)
  } catch (error) {
    const reason = toUnusable(path, error).message
    parentPort.postMessage({ opened: false, reason } satisfies Opened)
    parentPort.close()
  }
}
