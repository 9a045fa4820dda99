// A process that holds a store until it is ended: `node hold-store.ts <path> [write]`. Says `open`
// or why not; with `write` it commits to one cart for ever, and says each revision once answered.
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open.ts'
import { buildFullChange, mustCommit } from '../../support/store-changes.ts'

const [, , path = '', mode] = process.argv
const say = (line: string | number) => process.stdout.write(`${line}\n`)

try {
  const store = await openSqliteStore(path)
  say('open')
  for (let on = 0; mode === 'write'; on += 1) {
    await mustCommit(store, buildFullChange(`w${on}`, { on }))
    say(on + 1)
  }
} catch (error) {
  say(`${(error as Error).constructor.name}: ${(error as Error).message}`)
}
