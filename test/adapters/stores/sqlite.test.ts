import { storeContract } from '../../contracts/store/contract.ts'
import { openFreshSqliteStore } from '../../support/store-folders.ts'

storeContract('SQLite', openFreshSqliteStore)
