// Decides the commands that share a write, in order, each on the cart that the one before it left.
import type { Cart, ItemId } from '../domain/cart.ts'
import type { Command } from '../domain/commands.ts'
import { decide } from '../domain/decide.ts'
import { CartError } from '../domain/errors.ts'
import type { CartEvent } from '../domain/events.ts'
import { applyEvents } from '../domain/evolve.ts'
import type { Reservation } from '../domain/reservation.ts'
import type { Answer, JournalEntry, Lease } from '../ports/store.ts'
import { type JobStep, jobSteps } from './job-changes.ts'
import type { Decided } from './to-change.ts'

export type Response = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a command did, for whoever words the answer. */
export type Effect = {
  readonly before: Cart
  readonly cart: Cart
  readonly events: readonly CartEvent[]
}

export type Request = {
  readonly command: Command
  /** If-Match: versions the caller would accept, `any` for a cart that was written before. */
  readonly expected: readonly number[] | 'any' | null
  /** An Idempotency-Key: a repeat gets the same answer and has no further effect. */
  readonly repeatable: Pick<Answer, 'caller' | 'key' | 'fingerprint'> | null
  /** A worker's word that counts only while the job is its own. */
  readonly lease?: Lease
  readonly respond: (effect: Effect) => Response
}

export type Verdict =
  | { readonly kind: 'answered'; readonly response: Response; readonly replayed: boolean }
  | { readonly kind: 'refused'; readonly error: Error }

/** A 412 shows the caller the cart as it is. */
export class StaleVersionError extends CartError {
  readonly cart: Cart
  constructor(cart: Cart) {
    super('version-stale', `The cart is at version ${cart.version} now.`)
    this.cart = cart
  }
}

export type Outcome = { readonly decided: Decided; readonly verdicts: readonly Verdict[] }

export const decideTogether = (
  before: Cart,
  older: ReadonlyMap<ItemId, readonly Reservation[]>,
  stored: readonly Answer[],
  requests: readonly Request[],
): Outcome => {
  const state = {
    cart: before,
    at: 0,
    events: [] as JournalEntry[],
    jobs: [] as JobStep[],
    leases: [] as Lease[],
    answers: [] as Answer[],
  }
  const verdicts = requests.map((request): Verdict => {
    state.at = Math.max(state.at, request.command.at)
    try {
      return replay(stored, state.answers, request) ?? effect(state, request)
    } catch (error) {
      // Refused, or a defect met by this command alone: the others are not to suffer for it.
      return { kind: 'refused', error: error instanceof Error ? error : new Error(String(error)) }
    }
  })
  const { cart: after, at, events, jobs, leases, answers } = state
  return { decided: { before, older, after, at, events, jobs, leases, answers }, verdicts }
}

type State = {
  cart: Cart
  at: number
  events: JournalEntry[]
  jobs: JobStep[]
  leases: Lease[]
  answers: Answer[]
}

const isSame = (answer: Answer, { repeatable }: Request): boolean =>
  answer.key === repeatable?.key && answer.caller === repeatable.caller

const replay = (
  stored: readonly Answer[],
  fresh: readonly Answer[],
  request: Request,
): Verdict | null => {
  if (request.repeatable === null) return null
  const answer = stored.find((a) => isSame(a, request)) ?? fresh.find((a) => isSame(a, request))
  if (answer === undefined) return null
  if (answer.fingerprint !== request.repeatable.fingerprint) {
    throw new CartError(
      'idempotency-key-reused',
      'This Idempotency-Key was used with another request; use a new key for a new request.',
    )
  }
  const { status, headers, body } = answer
  return { kind: 'answered', response: { status, headers, body }, replayed: true }
}

const effect = (state: State, request: Request): Verdict => {
  const before = state.cart
  assertExpected(before, request.expected)
  const { command, repeatable } = request
  const events = decide(before, command)
  const cart = applyEvents(before, events, command.at)
  const response = request.respond({ before, cart, events })
  // Nothing below throws, so that a command takes effect wholly or not at all.
  state.cart = cart
  events.forEach((event, place) => {
    const { revision, version } = cart
    state.events.push({ revision, place, version, actor: command.actor, event })
  })
  state.jobs.push(...jobSteps(command, events))
  if (request.lease !== undefined) state.leases.push(request.lease)
  if (repeatable !== null) state.answers.push({ ...repeatable, ...response, at: command.at })
  return { kind: 'answered', response, replayed: false }
}

const assertExpected = (cart: Cart, expected: Request['expected']): void => {
  if (expected === null) return
  const isCurrent = expected === 'any' ? cart.revision > 0 : expected.includes(cart.version)
  if (!isCurrent) throw new StaleVersionError(cart)
}
