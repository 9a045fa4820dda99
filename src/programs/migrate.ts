// Brings the schema of the PostgreSQL database up to date and ends: `npm run migrate`.

import { printError, readConfigOrExit } from '../config/load-config.ts'
import { settings } from '../config/read-config.ts'
import { reasonOf } from '../platform/reason-of.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)

const printHelp = (): void => {
  print('Brings the schema of the PostgreSQL database of the cart service up to date.')
  print('As many as you like may run at once: one applies what is missing, the others wait for it.')
  print('It reads the settings of the service, and uses of them:\n')
  const { database, databaseStatements } = settings
  for (const { name, fallback, about } of [database, databaseStatements]) {
    print(`  ${name} (${fallback})\n      ${about}`)
  }
}

const main = async (): Promise<void> => {
  if (process.argv.includes('--help')) return printHelp()
  const { database, databaseStatements } = readConfigOrExit()
  if (database.kind !== 'postgres') {
    print(`nothing to do: the ${database.kind} store brings its schema up to date when it starts`)
    return
  }
  const { migratePostgres } = await import('../adapters/stores/postgres/open.ts')
  const options = { url: database.url, connections: 1, statements: databaseStatements }
  try {
    const applied = await migratePostgres(options)
    for (const name of applied) print(`applied ${name}`)
    if (applied.length === 0) print('nothing to do: the schema is up to date')
  } catch (error) {
    printError(reasonOf(error))
    process.exitCode = 1
  }
}

await main()
