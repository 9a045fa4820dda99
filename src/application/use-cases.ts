// What the service does for its callers: HTTP, a worker, an operator.
import type { Catalog } from '../ports/catalog.ts'
import type { Clock } from '../ports/clock.ts'
import type { JobQueue } from '../ports/job-queue.ts'
import type { Reporter } from '../ports/reporter.ts'
import type { ReservationClient } from '../ports/reservation-client.ts'
import type { Store } from '../ports/store.ts'
import { type ChangeCart, changeCarts } from './carts/change-cart.ts'
import type { Encoders } from './carts/command-request.ts'
import { type CommandHandler, handleCommands } from './carts/handle-command.ts'
import { type ListAdditions, listAdditions } from './carts/list-additions.ts'
import { type CartReader, readCarts } from './carts/read-cart.ts'
import { type ReadCatalogNotes, readCatalogNotes } from './carts/read-catalog-notes.ts'
import { type ReadJournal, readJournals } from './carts/read-journal.ts'
import { keepWarmCarts } from './carts/warm-carts.ts'
import { type CheckReadiness, checkReadiness } from './check-readiness.ts'
import { type ListBuriedJobs, listBuriedJobs } from './jobs/list-jobs.ts'
import { type RequeueJob, requeueJobs } from './jobs/requeue-job.ts'

export type UseCases = {
  readonly changeCart: ChangeCart
  /** Of a change under way whose client is gone: it has no effect, unless it was decided already. */
  readonly withdrawChange: CommandHandler['withdraw']
  readonly readCart: CartReader['read']
  readonly readItem: CartReader['readItem']
  /** Null where there is no catalog. */
  readonly readCatalogNotes: ReadCatalogNotes | null
  readonly readJournal: ReadJournal
  readonly listAdditions: ListAdditions
  readonly listBuriedJobs: ListBuriedJobs
  readonly requeueJob: RequeueJob
  readonly checkReadiness: CheckReadiness
  /** Resolves when all changes that were asked for are answered. */
  readonly drained: CommandHandler['drained']
}

type Parts = {
  readonly store: Store
  readonly catalog: Catalog
  /** Null while reservations are off. */
  readonly client: Pick<ReservationClient, 'breaker'> | null
  /** Null when workers look into the store. */
  readonly queue: Pick<JobQueue, 'name' | 'isUp'> | null
  readonly clock: Clock
  readonly reporter: Reporter
  /** Make the texts of answers, by their forms. */
  readonly encoders: Encoders
  readonly warmCartsBytes: number
  /** Called after a commit that made jobs due. */
  readonly onJobs: () => void
  readonly isDraining: () => boolean
}

export const openUseCases = (parts: Parts): UseCases => {
  const { store, catalog, client, clock } = parts
  const warmCarts = keepWarmCarts(parts.warmCartsBytes)
  const commands = handleCommands({ ...parts, warmCarts, now: clock.now })
  const changeCart = changeCarts({ commands, catalog, clock, reserving: client !== null })
  const { read, readItem } = readCarts({ store, commands })
  return {
    changeCart,
    withdrawChange: commands.withdraw,
    readCart: read,
    readItem,
    readCatalogNotes: readCatalogNotes(catalog),
    readJournal: readJournals(store),
    listAdditions: listAdditions({ store, commands }),
    listBuriedJobs: listBuriedJobs(store),
    requeueJob: requeueJobs({ store, changeCart }),
    checkReadiness: checkReadiness(parts),
    drained: commands.drained,
  }
}
