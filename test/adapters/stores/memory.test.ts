import { storeContract } from '../../contracts/store/contract.ts'
import { openFreshMemoryStore } from '../../support/store-folders.ts'

storeContract('memory', openFreshMemoryStore)
