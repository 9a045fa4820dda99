import { storeContract } from '../../contracts/store/contract.ts'
import { postgresIsMissing } from '../../support/server-postgres.ts'
import { keepDatabases } from '../../support/store-databases.ts'

const options = { skip: postgresIsMissing(), handsOver: true }
storeContract('PostgreSQL', keepDatabases(), options)
storeContract('PostgreSQL behind a pooler', keepDatabases({ statements: 'unnamed' }), options)
