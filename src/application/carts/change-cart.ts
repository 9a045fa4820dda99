// Changes a cart, whatever the caller is: a request, a worker, an operator. Asks the catalog, stamps time,
// ids and actor, and hands the command over to be decided and committed.
import type { Intent } from '../../domain/cart/commands.ts'
import type { CartId } from '../../domain/ids.ts'
import type { Catalog } from '../../ports/catalog.ts'
import type { Clock } from '../../ports/clock.ts'
import { askCatalog } from './ask-catalog.ts'
import type { CommandRequest, CommandResult } from './command-request.ts'
import type { CommandHandler } from './handle-command.ts'

export type CartChange = {
  readonly cartId: CartId
  readonly intent: Intent
  /** The caller, `worker` or `operator`; also whose Idempotency-Key it is. */
  readonly actor: string
  /** Names the change, so that it can be withdrawn; made when left out. */
  readonly id?: string
  readonly expected?: CommandRequest['expected']
  /** The Idempotency-Key and what makes the request the same request. */
  readonly key?: { readonly key: string; readonly fingerprint: string } | null
} & Partial<Pick<CommandRequest, 'lease' | 'form' | 'decideBy'>>

/** Resolves when the effect is durable, or with a refusal. @throws what is a defect. */
export type ChangeCart = (change: CartChange) => Promise<CommandResult>

type Parts = {
  readonly commands: Pick<CommandHandler, 'handle'>
  readonly catalog: Catalog
  readonly clock: Clock
  /** Whether additions are reserved outside. */
  readonly reserving: boolean
}

export const changeCarts = ({ commands, catalog, clock, reserving }: Parts): ChangeCart => {
  const stamp = (change: CartChange, intent: Intent): CommandRequest => {
    const { cartId, actor, id = clock.newId(), key = null } = change
    const { expected = null, lease = null, form = null, decideBy = null } = change
    return {
      cartId,
      command: { ...intent, at: clock.now(), actor, id, reserving },
      expected,
      repeatable: key === null ? null : { caller: actor, ...key },
      lease,
      form,
      decideBy,
    }
  }
  // Without a catalog there is nothing to wait for.
  if (catalog.name === 'open') return (change) => commands.handle(stamp(change, change.intent))
  return async (change) => {
    const intent = await askCatalog(catalog, change.cartId, change.intent)
    return commands.handle(stamp(change, intent))
  }
}
