// Do the books of a store balance? What a cart holds, its journal and its jobs are written together, so each
// must follow from the others at any moment, whatever happened to the processes.
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open.ts'
import { type Cart, emptyCart } from '../../src/domain/cart/cart.ts'
import { applyEvents } from '../../src/domain/cart/evolve.ts'
import { withOlder } from '../../src/domain/cart/older.ts'
import type { CartId } from '../../src/domain/ids.ts'
import { releaseJobId } from '../../src/domain/reservation/job.ts'
import type { JournalEntry, Store } from '../../src/ports/store.ts'
import { toFlat } from './flat-reservation.ts'
import { openFolder } from './process-program.ts'

export type Books = {
  readonly carts: number
  readonly jobs: number
  /** Empty when they balance. */
  readonly faults: readonly string[]
}

/**
 * Of a file that no service has open, as it was left behind: a copy is opened, so that the next service
 * has to recover the file by itself.
 */
export const openSqliteCopy = async (path: string): Promise<Store> => {
  using stack = new DisposableStack()
  const folder = stack.use(openFolder())
  const copy = join(folder.path, 'cart.db')
  for (const end of ['', '-wal']) {
    if (existsSync(`${path}${end}`)) cpSync(`${path}${end}`, `${copy}${end}`)
  }
  const store = await openSqliteStore(copy)
  const resources = stack.move()
  return {
    ...store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      resources.dispose()
    },
  }
}

type ExpectedJob = { readonly id: string; readonly line: string }

/** Of a store that no process writes to meanwhile; it is closed. */
export const readBooks = async (
  opened: Promise<Store>,
  users: Iterable<string>,
): Promise<Books> => {
  await using store = await opened
  const ids = [...users] as CartId[]
  const faults: string[] = []
  const expected: ExpectedJob[] = []
  for (const id of ids) {
    const replayed = replay(id, await store.readJournal(id, 0, Number.MAX_SAFE_INTEGER), faults)
    const [wanted, there] = [linesOf(replayed), linesOf(await loadWhole(store, id))]
    for (const line of wanted.difference(there)) faults.push(`${id} lacks ${line}`)
    for (const line of there.difference(wanted)) faults.push(`${id} has ${line}`)
    expected.push(...jobsOf(replayed))
  }
  for (const { id, line } of expected) {
    const job = await store.findJob(id)
    const state = job?.buriedAt === null ? 'open' : 'buried'
    if (job === null) faults.push(`no job ${id} ${line}`)
    else if (`${job.cartId} ${job.kind} ${state}` !== line) {
      faults.push(`job ${id} is ${job.cartId} ${job.kind} ${state}, not ${line}`)
    }
  }
  const { due, scheduled, leased, buried } = await store.countJobs(Date.now())
  const jobs = due + scheduled + leased + buried
  if (jobs !== expected.length) faults.push(`${jobs} jobs instead of ${expected.length}`)
  return { carts: ids.length, jobs, faults }
}

const loadWhole = async (store: Store, id: CartId): Promise<Cart> => {
  let { cart } = await store.load(id, [])
  for (const item of cart.items) {
    cart = withOlder(cart, item.id, await store.loadOlder(id, item.id))
  }
  return cart
}

const replay = (id: CartId, journal: readonly JournalEntry[], faults: string[]): Cart => {
  let cart = emptyCart(id)
  for (const [revision, entries] of Map.groupBy(journal, (entry) => entry.revision)) {
    const events = entries.map((entry) => entry.event)
    cart = applyEvents(cart, events, events[0]?.at ?? 0)
    if (cart.revision !== revision || cart.version !== entries[0]?.version) {
      faults.push(`journal of ${id}: revision ${revision} instead of ${cart.revision}`)
    }
  }
  return cart
}

const linesOf = ({ version, revision, items, departing }: Cart): ReadonlySet<string> =>
  new Set([
    `version ${version} revision ${revision}`,
    ...items.map((item) => `item ${item.id} ${item.productId} × ${item.quantity}`),
    ...items.flatMap(({ id, reservations }) =>
      reservations
        .map(toFlat)
        .map(
          (r) => `reservation ${r.key} of ${id}: ${r.wanted}/${r.quantity} ${r.status} ${r.holdId}`,
        ),
    ),
    ...departing.map(({ key, state, holdId }) => `departing ${key} ${state} ${holdId}`),
  ])

/** The jobs that follow from a cart: one for whatever is not settled outside. */
const jobsOf = ({ id, items, departing }: Cart): readonly ExpectedJob[] => [
  ...items.flatMap(({ reservations }) =>
    reservations.flatMap(({ key, status }) => {
      if (status === 'pending') return [{ id: key, line: `${id} reserve open` }]
      return status === 'failed' ? [{ id: key, line: `${id} reserve buried` }] : []
    }),
  ),
  ...departing.map(({ key, state }) =>
    state === 'releasing'
      ? { id: releaseJobId(key), line: `${id} release open` }
      : { id: key, line: `${id} cancel open` },
  ),
]
