// What the port promises of every store, sentence by sentence; see src/ports/store.ts.
import { describe } from 'node:test'
import type { Store } from '../../../src/ports/store.ts'
import { keepsAnswers } from './answers.ts'
import { keepsCarts } from './carts.ts'
import { commits } from './commits.ts'
import { handsJobsOver } from './hand-over.ts'
import { changesJobs } from './job-changes.ts'
import { leasesJobs } from './job-leases.ts'
import { listsJobs } from './job-lists.ts'
import { keepsJournal } from './journal.ts'
import { restsOnLeases } from './leases.ts'
import { keepsApart } from './older.ts'
import { commitsRace } from './races.ts'
import { sweeps } from './sweep.ts'

type Options = {
  /** Why it cannot be tested here. */
  readonly skip?: string | false
  /** Its jobs can be handed to a queue. */
  readonly handsOver?: boolean
}

export const storeContract = (
  name: string,
  open: () => Promise<Store>,
  { skip = false, handsOver = false }: Options = {},
): void => {
  describe(`the ${name} store`, { skip }, () => {
    keepsCarts(open)
    keepsApart(open)
    commits(open)
    commitsRace(open)
    keepsAnswers(open)
    keepsJournal(open)
    changesJobs(open)
    leasesJobs(open)
    restsOnLeases(open)
    listsJobs(open)
    sweeps(open)
    if (handsOver) handsJobsOver(open)
  })
}
