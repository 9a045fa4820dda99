// A process that holds a store until it is ended: `node hold-store.ts <path> [write]`. Prints
// `open` or why not; with `write` it commits to one cart for ever, and prints each revision once it is committed.
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open.ts'
import { buildFullChange, mustCommit } from '../../support/store-changes.ts'

const [, , path = '', mode] = process.argv
const print = (line: string | number) => process.stdout.write(`${line}\n`)

try {
  const store = await openSqliteStore(path)
  print('open')
  for (let on = 0; mode === 'write'; on += 1) {
    await mustCommit(store, buildFullChange(`w${on}`, { on }))
    print(on + 1)
  }
} catch (error) {
  print(`${(error as Error).constructor.name}: ${(error as Error).message}`)
}
