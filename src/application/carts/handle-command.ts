// The only way a cart changes, for requests and finished jobs alike: load, decide, commit, and again
// when another process was faster.
import type { Cart } from '../../domain/cart/cart.ts'
import { isPartial, olderNeeded, withOlder } from '../../domain/cart/older.ts'
import { CartError } from '../../domain/errors.ts'
import type { CartId, ItemId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { Reservation } from '../../domain/reservation/reservation.ts'
import type { Reporter } from '../../ports/reporter.ts'
import type { AnswerKey, Change, Store } from '../../ports/store.ts'
import {
  type CommandRequest,
  type CommandResult,
  type Encoders,
  refused,
} from './command-request.ts'
import { type Decision, type Defect, decideTogether } from './decide-together.ts'
import { openLanes } from './lanes.ts'
import { type OlderRows, toChange } from './to-change.ts'
import type { WarmCarts } from './warm-carts.ts'

export type CommandHandler = {
  /** Resolves when the effect is durable, or with a refusal. @throws what is a defect. */
  handle(request: CommandRequest): Promise<CommandResult>
  /** Of a command under way whose client is gone: it has no effect, unless it was decided already. */
  withdraw(commandId: string): void
  /** The cart as last committed. Never writes. @throws CartError store-unavailable, cart-busy. */
  read(cartId: CartId): Promise<Cart>
  /** Resolves when all that was handed in is answered. */
  drained(): Promise<void>
  readonly busyCarts: () => number
}

type Parts = {
  readonly store: Store
  readonly warmCarts: WarmCarts
  readonly encoders: Encoders
  readonly reporter: Reporter
  readonly now: () => number
  /** Called after a commit that made jobs due. */
  readonly onJobs: () => void
}

type Entry =
  | {
      readonly kind: 'write'
      readonly request: CommandRequest
      readonly resolve: (result: CommandResult) => void
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
const triesMax = 50

// Of commands under way whose client is gone. Far beyond what can be under way at once.
const withdrawnMax = 100_000

const busy = () => new CartError('cart-busy', 'Too many requests for this cart at once; try again.')

export const handleCommands = (parts: Parts): CommandHandler => {
  const { store, warmCarts } = parts
  const withdrawn = new Set<string>()
  const core: Core = { ...parts, withdrawn }
  const lanes = openLanes<Entry>(
    { waitingMax: limits.commandsPerLane, togetherMax },
    (cartId, entries) => runLane(core, cartId as CartId, entries),
  )
  return {
    handle: (request) =>
      new Promise((resolve, reject) => {
        const entry: Entry = { kind: 'write', request, resolve, reject }
        if (!lanes.enter(request.cartId, entry)) resolve(toRefusal(busy()))
      }),
    withdraw: (commandId) => {
      // A command that never comes leaves its id behind.
      if (withdrawn.size >= withdrawnMax) withdrawn.clear()
      withdrawn.add(commandId)
    },
    read: (cartId) => {
      if (store.ownership === 'shared') return store.load(cartId, []).then(({ cart }) => cart)
      const warm = warmCarts.get(cartId)
      if (warm !== undefined) return Promise.resolve(warm)
      return new Promise((resolve, reject) => {
        if (!lanes.enter(cartId, { kind: 'read', resolve, reject })) reject(busy())
      })
    },
    drained: () => lanes.drained(),
    busyCarts: () => lanes.busy(),
  }
}

type Core = Parts & { readonly withdrawn: Set<string> }

const toRefusal = ({ code, message }: CartError): CommandResult => refused(code, message)

const runLane = async (core: Core, cartId: CartId, entries: readonly Entry[]): Promise<void> => {
  try {
    const writes = entries.filter((entry) => entry.kind === 'write')
    const requests = writes.map((entry) => entry.request)
    const { cart, results } = await commitTogether(core, cartId, requests)
    for (const [index, entry] of writes.entries()) {
      const result = results[index]
      if (result === undefined) entry.reject(new Error('a command was not decided'))
      else if (result.kind === 'defect') entry.reject(result.error)
      else entry.resolve(result)
    }
    for (const entry of entries) if (entry.kind === 'read') entry.resolve(cart)
  } catch (error) {
    // What the store holds is not known: the next command must ask it.
    core.warmCarts.delete(cartId)
    for (const entry of entries) {
      const isAnswer = error instanceof CartError && entry.kind === 'write'
      if (isAnswer) entry.resolve(toRefusal(error))
      else entry.reject(error)
    }
  }
  if (core.withdrawn.size === 0) return
  for (const entry of entries) {
    if (entry.kind === 'write') core.withdrawn.delete(entry.request.command.id)
  }
}

type Committed = {
  readonly cart: Cart
  readonly results: readonly (CommandResult | Defect)[]
}

const commitTogether = async (
  core: Core,
  cartId: CartId,
  requests: readonly CommandRequest[],
): Promise<Committed> => {
  const { store, warmCarts, reporter, onJobs } = core
  let warm = warmCarts.get(cartId)
  for (let tries = 0; tries < triesMax; tries += 1) {
    // A repeated key is caught by the commit: it answers `conflict`, and the cart is loaded then.
    const { cart: stored, answers } =
      warm === undefined ? await store.load(cartId, keysOf(requests)) : { cart: warm, answers: [] }
    const complete = stored.items.some(isPartial)
      ? await completeFor(store, stored, requests)
      : { cart: stored, older: noneNeeded }
    const decision = decideTogether(complete.cart, answers, requests, core)
    const { change, cart } = toChange(complete.cart, complete.older, decision)
    if (warm !== undefined && isUnproven(store, requests, decision, change)) {
      warm = undefined
      continue
    }
    if (!writesSomething(change)) {
      warmCarts.set(stored)
      return { cart: stored, results: decision.results }
    }
    const result = await store.commit(change)
    if (result === 'committed') {
      warmCarts.set(cart)
      if (makesJobsDue(change)) onJobs()
      return { cart, results: decision.results }
    }
    if (result === 'lease-lost') return commitOneByOne(core, stored, requests)
    reporter.commitConflicted()
    warmCarts.delete(cartId)
    warm = undefined
  }
  throw new CartError('cart-busy', 'The cart changes too fast; try again.')
}

/** One of the requests rests on a lease that is lost: it alone is refused. */
const commitOneByOne = async (
  core: Core,
  stored: Cart,
  requests: readonly CommandRequest[],
): Promise<Committed> => {
  if (requests.length === 1) {
    const result = refused('lease-lost', 'The job has gone to another worker.')
    return { cart: stored, results: [result] }
  }
  let cart = stored
  const results: Committed['results'][number][] = []
  for (const request of requests) {
    const alone = await commitTogether(core, stored.id, [request])
    cart = alone.cart
    results.push(...alone.results)
  }
  return { cart, results }
}

/**
 * What a warm cart cannot decide. On a shared store only a commit proves that it was current. And it
 * comes without stored answers: what is refused may be the repeat of a request that was not.
 */
const isUnproven = (
  { ownership }: Store,
  requests: readonly CommandRequest[],
  { results }: Decision,
  change: Change,
): boolean => {
  const isShared = ownership === 'shared'
  const isDecided = (result: Decision['results'][number]) =>
    result.kind !== 'refused' || (result.code !== 'overloaded' && result.code !== 'withdrawn')
  if (isShared && !writesSomething(change)) return results.some(isDecided)
  return results.some(
    (result, index) =>
      result.kind !== 'changed' &&
      isDecided(result) &&
      (isShared || requests[index]?.repeatable !== null),
  )
}

const keysOf = (requests: readonly CommandRequest[]): readonly AnswerKey[] =>
  requests.flatMap(({ repeatable }): AnswerKey[] =>
    repeatable === null ? [] : [{ caller: repeatable.caller, key: repeatable.key }],
  )

type Complete = { readonly cart: Cart; readonly older: OlderRows }

const completeFor = async (
  store: Store,
  stored: Cart,
  requests: readonly CommandRequest[],
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

const noneNeeded: OlderRows = new Map()

const writesSomething = ({ events, answers, jobs }: Change): boolean =>
  events.length > 0 || answers.length > 0 || jobs.finished.length > 0

const makesJobsDue = ({ jobs }: Change): boolean =>
  jobs.put.length + jobs.cancelled.length + jobs.revived.length + jobs.requeued.length > 0
