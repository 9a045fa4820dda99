// The only way a cart changes, for requests and finished jobs alike: load, decide, commit, and again
// when somebody else was faster.
import type { Cart, CartId, ItemId } from '../domain/cart.ts'
import { CartError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { isPartial, olderNeeded, withOlder } from '../domain/older.ts'
import type { Reservation } from '../domain/reservation.ts'
import type { Reporter } from '../ports/reporter.ts'
import type { AnswerKey, Change, Store } from '../ports/store.ts'
import {
  decideTogether,
  type Outcome,
  type Request,
  type Response,
  type Verdict,
} from './decide-together.ts'
import { openLanes } from './lanes.ts'
import { toChange } from './to-change.ts'
import type { WarmCarts } from './warm-carts.ts'

/** Nothing changed: the word of a worker counts no more, whoever has the job now finds out the same. */
export class LeaseLostError extends Error {}

export type Handled = { readonly response: Response; readonly replayed: boolean }

export type CommandHandler = {
  /**
   * Resolves when the effect is durable, with the answer to give.
   * @throws CartError a refusal: nothing changed. `store-unavailable`: it is not known whether it did;
   * a repeat with the same Idempotency-Key is safe.
   */
  handle(cartId: CartId, request: Request): Promise<Handled>
  /** The cart as last committed. Never writes. */
  read(cartId: CartId): Promise<Cart>
  /** Resolves when all that was handed in is answered. */
  drained(): Promise<void>
  readonly busyCarts: () => number
}

type Parts = {
  readonly store: Store
  readonly warmCarts: WarmCarts
  readonly reporter: Reporter
  /** Called after a commit that made jobs due. */
  readonly onJobs: () => void
}

type Entry =
  | {
      readonly kind: 'write'
      readonly request: Request
      readonly resolve: (handled: Handled) => void
      readonly reject: (error: unknown) => void
    }
  | {
      readonly kind: 'read'
      readonly resolve: (cart: Cart) => void
      readonly reject: (error: unknown) => void
    }

// Commands that share one write: enough that a hot cart costs a fraction of a write per command, few
// enough that the first of them does not wait for long.
const togetherMax = 256

// Lost races in a row before a caller is asked to come again. Within a process lanes prevent races; the
// loser of one against another process lost to progress.
const attemptsMax = 50

export const handleCommands = (parts: Parts): CommandHandler => {
  const { store, warmCarts } = parts
  const lanes = openLanes<Entry>(
    { waitingMax: limits.commandsPerLane, togetherMax },
    (cartId, entries) => runLane(parts, cartId as CartId, entries),
  )

  const enter = (cartId: CartId, entry: Entry): void => {
    if (lanes.enter(cartId, entry)) return
    entry.reject(new CartError('cart-busy', 'Too many requests for this cart at once; come again.'))
  }

  return {
    handle: (cartId, request) =>
      new Promise((resolve, reject) => enter(cartId, { kind: 'write', request, resolve, reject })),
    read: (cartId) => {
      if (store.ownership === 'shared') return store.load(cartId, []).then(({ cart }) => cart)
      const warm = warmCarts.get(cartId)
      if (warm !== undefined) return Promise.resolve(warm)
      return new Promise((resolve, reject) => enter(cartId, { kind: 'read', resolve, reject }))
    },
    drained: () => lanes.drained(),
    busyCarts: () => lanes.busy(),
  }
}

const runLane = async (parts: Parts, cartId: CartId, entries: readonly Entry[]): Promise<void> => {
  try {
    const writes = entries.filter((entry) => entry.kind === 'write')
    const requests = writes.map((entry) => entry.request)
    const { cart, verdicts } = await commitTogether(parts, cartId, requests)
    writes.forEach((entry, place) => {
      settle(entry, verdicts[place])
    })
    for (const entry of entries) if (entry.kind === 'read') entry.resolve(cart)
  } catch (error) {
    // What the store holds is not known: the next command must ask it.
    parts.warmCarts.delete(cartId)
    for (const entry of entries) entry.reject(error)
  }
}

const settle = (entry: Extract<Entry, { kind: 'write' }>, verdict: Verdict | undefined): void => {
  if (verdict === undefined) entry.reject(new Error('a command was not decided'))
  else if (verdict.kind === 'refused') entry.reject(verdict.error)
  else entry.resolve({ response: verdict.response, replayed: verdict.replayed })
}

type Committed = { readonly cart: Cart; readonly verdicts: readonly Verdict[] }

const commitTogether = async (
  parts: Parts,
  cartId: CartId,
  requests: readonly Request[],
): Promise<Committed> => {
  const { store, warmCarts, reporter, onJobs } = parts
  let warm = warmCarts.get(cartId)
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    // A repeated key is caught by the commit: it answers `conflict`, and the cart is loaded then.
    const { cart: stored, answers } =
      warm === undefined ? await store.load(cartId, keysOf(requests)) : { cart: warm, answers: [] }
    const complete = stored.items.some(isPartial)
      ? await completeFor(store, stored, requests)
      : { cart: stored, older: noneNeeded }
    const outcome = decideTogether(complete.cart, complete.older, answers, requests)
    const { change, cart } = toChange(outcome.decided)
    if (warm !== undefined && isUnproven(store, requests, outcome, change)) {
      warm = undefined
      continue
    }
    if (!writesSomething(change)) {
      warmCarts.set(stored)
      return { cart: stored, verdicts: outcome.verdicts }
    }
    const result = await store.commit(change)
    if (result === 'committed') {
      warmCarts.set(cart)
      if (makesJobsDue(change)) onJobs()
      return { cart, verdicts: outcome.verdicts }
    }
    if (result === 'lease-lost') return commitOneByOne(parts, stored, requests)
    reporter.commitConflicted()
    warmCarts.delete(cartId)
    warm = undefined
  }
  throw new CartError('cart-busy', 'The cart changes too fast; come again.')
}

/** One of the requests rests on a lease that is lost: it is refused, the others are not to suffer for it. */
const commitOneByOne = async (
  parts: Parts,
  stored: Cart,
  requests: readonly Request[],
): Promise<Committed> => {
  if (requests.length === 1) {
    const error = new LeaseLostError('the job has gone to another worker')
    return { cart: stored, verdicts: [{ kind: 'refused', error }] }
  }
  let cart = stored
  const verdicts: Verdict[] = []
  for (const request of requests) {
    const alone = await commitTogether(parts, stored.id, [request])
    cart = alone.cart
    verdicts.push(...alone.verdicts)
  }
  return { cart, verdicts }
}

/**
 * What a warm cart cannot decide. On a shared store only a commit proves that it was current. And it
 * comes without stored answers: what is refused may be the repeat of a request that was not.
 */
const isUnproven = (
  { ownership }: Store,
  requests: readonly Request[],
  { verdicts }: Outcome,
  change: Change,
): boolean => {
  const isShared = ownership === 'shared'
  if (isShared && !writesSomething(change)) return true
  return verdicts.some(
    ({ kind }, place) => kind === 'refused' && (isShared || requests[place]?.repeatable !== null),
  )
}

const keysOf = (requests: readonly Request[]): readonly AnswerKey[] =>
  requests.flatMap(({ repeatable }): AnswerKey[] =>
    repeatable === null ? [] : [{ caller: repeatable.caller, key: repeatable.key }],
  )

type Complete = {
  readonly cart: Cart
  readonly older: ReadonlyMap<ItemId, readonly Reservation[]>
}

const completeFor = async (
  store: Store,
  stored: Cart,
  requests: readonly Request[],
): Promise<Complete> => {
  const needed = new Set(requests.flatMap(({ command }) => olderNeeded(stored, command)))
  const older = new Map<ItemId, readonly Reservation[]>()
  let cart = stored
  for (const itemId of needed) {
    const rows = await store.loadOlder(stored.id, itemId)
    older.set(itemId, rows)
    cart = withOlder(cart, itemId, rows)
  }
  return { cart, older }
}

const noneNeeded: Complete['older'] = new Map()

const writesSomething = ({ events, answers, jobs }: Change): boolean =>
  events.length > 0 || answers.length > 0 || jobs.finished.length > 0

const makesJobsDue = ({ jobs }: Change): boolean =>
  jobs.put.length + jobs.cancelled.length + jobs.revived.length + jobs.requeued.length > 0
