// Decides the commands that share a write, in order, each on the cart that the one before it left.
import type { Cart } from '../../domain/cart/cart.ts'
import { type Command, itemNamedBy } from '../../domain/cart/commands.ts'
import { decide } from '../../domain/cart/decide.ts'
import type { CartEvent } from '../../domain/cart/events.ts'
import { applyEvents } from '../../domain/cart/evolve.ts'
import { CartError } from '../../domain/errors.ts'
import type { ItemId } from '../../domain/ids.ts'
import type { Answer, JournalEntry, Lease } from '../../ports/store.ts'
import {
  type Changed,
  type CommandRequest,
  type CommandResult,
  type Encoders,
  type Refused,
  refused,
} from './command-request.ts'
import { type JobStep, jobSteps } from './fold-job-steps.ts'

/** A defect that was met by one command alone; its caller gets the error. */
export type Defect = { readonly kind: 'defect'; readonly error: unknown }

/** What the commands make of the cart, and the result of each once that is durable. */
export type Decision = {
  readonly after: Cart
  readonly at: number
  readonly events: readonly JournalEntry[]
  readonly jobs: readonly JobStep[]
  readonly leases: readonly Lease[]
  readonly answers: readonly Answer[]
  readonly results: readonly (CommandResult | Defect)[]
}

type Rules = {
  readonly encoders: Encoders
  readonly now: () => number
  /** Ids of commands whose client is gone. */
  readonly withdrawn: ReadonlySet<string>
}

/**
 * @param before complete for the items that the commands need (domain/cart/older.ts)
 * @param stored answers that were kept under the keys of the requests
 */
export const decideTogether = (
  before: Cart,
  stored: readonly Answer[],
  requests: readonly CommandRequest[],
  { encoders, now, withdrawn }: Rules,
): Decision => {
  const decidedAt = now()
  const draft: Draft = {
    cart: before,
    at: 0,
    events: [],
    jobs: [],
    leases: [],
    answers: [],
  }
  const results = requests.map((request): CommandResult | Defect => {
    draft.at = Math.max(draft.at, request.command.at)
    try {
      return (
        refuseLate(request, decidedAt, withdrawn) ??
        repeat(stored, draft.answers, request) ??
        refuseStale(draft.cart, request, encoders) ??
        takeEffect(draft, request, encoders)
      )
    } catch (error) {
      // Refused, or a defect: the others are decided all the same.
      return error instanceof CartError
        ? refused(error.code, error.message)
        : { kind: 'defect', error }
    }
  })
  const { cart: after, at, events, jobs, leases, answers } = draft
  return { after, at, events, jobs, leases, answers, results }
}

type Draft = {
  cart: Cart
  at: number
  readonly events: JournalEntry[]
  readonly jobs: JobStep[]
  readonly leases: Lease[]
  readonly answers: Answer[]
}

const refuseLate = (
  { command, decideBy }: CommandRequest,
  now: number,
  withdrawn: ReadonlySet<string>,
): Refused | null => {
  if (withdrawn.size > 0 && withdrawn.has(command.id)) {
    return refused('withdrawn', 'The client was gone before the request was decided.')
  }
  return decideBy !== null && now > decideBy
    ? refused('overloaded', 'The request waited too long to be decided; try again.')
    : null
}

const repeat = (
  stored: readonly Answer[],
  fresh: readonly Answer[],
  { repeatable }: CommandRequest,
): CommandResult | null => {
  if (repeatable === null) return null
  const isSame = ({ key, caller }: Answer) => key === repeatable.key && caller === repeatable.caller
  const answer = stored.find(isSame) ?? fresh.find(isSame)
  if (answer === undefined) return null
  if (answer.fingerprint !== repeatable.fingerprint) {
    return refused(
      'idempotency-key-reused',
      'This Idempotency-Key was used with another request; use a new key for a new request.',
    )
  }
  const { version, revision, itemId, form, text } = answer
  return { kind: 'changed', version, revision, itemId, form, text, isRepeat: true }
}

const refuseStale = (
  cart: Cart,
  { expected, command }: CommandRequest,
  encoders: Encoders,
): Refused | null => {
  if (expected === null) return null
  const isCurrent = expected === 'any' ? cart.revision > 0 : expected.includes(cart.version)
  if (isCurrent) return null
  const stale = refused('version-stale', `The cart is at version ${cart.version} now.`)
  return { ...stale, cart: encoders.cart({ command, cart, events: [], itemId: null }) }
}

const takeEffect = (draft: Draft, request: CommandRequest, encoders: Encoders): Changed => {
  const { command, repeatable, lease, form } = request
  const events = decide(draft.cart, command)
  const cart = applyEvents(draft.cart, events, command.at)
  const itemId = touchedItem(command, events)
  const text = form === null ? null : encode(encoders, form, { command, cart, events, itemId })
  // Nothing below throws, so that a command takes effect wholly or not at all.
  draft.cart = cart
  const { version, revision } = cart
  for (const [position, event] of events.entries()) {
    draft.events.push({ revision, position, version, actor: command.actor, event })
  }
  draft.jobs.push(...jobSteps(command, events))
  if (lease !== null) draft.leases.push(lease)
  if (repeatable !== null) {
    draft.answers.push({ ...repeatable, version, revision, itemId, form, text, at: command.at })
  }
  return { kind: 'changed', version, revision, itemId, form, text, isRepeat: false }
}

const encode = (
  encoders: Encoders,
  form: string,
  effect: Parameters<Encoders['cart']>[0],
): string => {
  const encoder = encoders[form]
  if (encoder === undefined) throw new Error(`there is no encoder ${form}`)
  return encoder(effect)
}

/** The item that the command is about, or the first one that it added to. */
const touchedItem = (command: Command, events: readonly CartEvent[]): ItemId | null => {
  const named = itemNamedBy(command)
  if (named !== null) return named
  const added = events.find((event) => event.type === 'item-added')
  return added === undefined ? null : added.itemId
}
