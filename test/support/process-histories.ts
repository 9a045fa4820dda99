// Histories of clients that work on a few hot carts: through command handlers over one store, or over HTTP.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Encoders } from '../../src/application/carts/command-request.ts'
import { type CommandHandler, handleCommands } from '../../src/application/carts/handle-command.ts'
import { keepWarmCarts } from '../../src/application/carts/warm-carts.ts'
import type { Cart } from '../../src/domain/cart/cart.ts'
import type { Operation as CartOperation, Command } from '../../src/domain/cart/commands.ts'
import { CartError } from '../../src/domain/errors.ts'
import type { CartId, ItemId } from '../../src/domain/ids.ts'
import type { Reporter } from '../../src/ports/reporter.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Operation } from './linearizability.ts'
import type { Input, Output, Shown } from './process-cart-model.ts'
import type { CartText, Client, Reply, Sending } from './process-client.ts'
import { drawBetween } from './process-scale.ts'

export const silent: Reporter = {
  callFinished: () => {},
  outcomeUnknown: () => {},
  jobBuried: () => {},
  troubled: () => {},
  commitConflicted: () => {},
  checkFailed: () => {},
}

export const openHandlers = (
  store: Store,
  count: number,
  reporter: Reporter,
  onJobs: () => void = () => {},
): readonly CommandHandler[] =>
  Array.from({ length: count }, () =>
    handleCommands({
      store,
      warmCarts: keepWarmCarts(1_000_000),
      encoders: shownEncoders,
      reporter,
      now: Date.now,
      onJobs,
    }),
  )

export type History = ReadonlyMap<string, readonly Operation<Input, Output>[]>

/** `not-sent`: nothing of it can have arrived anywhere. */
export type Ask = (client: number, cart: string, input: Input) => Promise<Output | 'not-sent'>

export type Plan = {
  readonly ask: Ask
  readonly clients: number
  readonly carts: number
  /** Those whose outcome is not known come on top. */
  readonly operations: number
}

// A client without an answer waits before the next try: open operations make a history hard to check.
const waitMs = 250

let made = 0
const newId = (): string => {
  made += 1
  return String(made).padStart(12, '0')
}

/** The history of each cart. */
export const makeHistory = async (plan: Plan): Promise<History> => {
  const { ask, clients, carts, operations } = plan
  const history = new Map<string, Operation<Input, Output>[]>()
  const seen = new Map<string, Shown>()
  const run = `run-${newId()}`
  let [clock, begun] = [0, 0]
  const tick = () => {
    clock += 1
    return clock
  }
  const act = async (client: number) => {
    while (begun < operations) {
      begun += 1
      const cart = `${run}-cart-${drawBetween(1, carts)}`
      // What this client saw of the cart last.
      const known = seen.get(`${client} ${cart}`)
      const input = drawInput(known)
      const calledAt = tick()
      const output = await ask(client, cart, input)
      const isKnown = output !== 'not-sent' && output.kind !== 'unknown'
      const returnedAt = isKnown ? tick() : Number.POSITIVE_INFINITY
      // A read that was not answered shows nothing.
      if (isKnown || (output !== 'not-sent' && input.type !== 'get')) {
        history.set(cart, [...(history.get(cart) ?? []), { input, output, calledAt, returnedAt }])
      }
      if (!isKnown) {
        begun -= 1
        await sleep(waitMs)
      } else if (output.kind !== 'not-found') seen.set(`${client} ${cart}`, output.cart)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, client) => act(client)))
  return history
}

const drawInput = (known: Shown | undefined): Input => {
  const ifMatch = known !== undefined && Math.random() < 0.5 ? known.version : null
  const line = known?.lines[drawBetween(0, known.lines.length - 1)]
  const dice = Math.random()
  if (dice < 0.2) return { type: 'get', ifMatch: null }
  if (dice < 0.24) return { type: 'clear', ifMatch }
  if (dice < 0.6 || line === undefined) {
    return { type: 'add', product: `p${drawBetween(1, 4)}`, quantity: drawBetween(1, 3), ifMatch }
  }
  if (dice < 0.85) return { type: 'set', itemId: line.id, quantity: drawBetween(0, 6), ifMatch }
  return { type: 'remove', itemId: line.id, ifMatch }
}

const toOperation = (input: Exclude<Input, { type: 'get' }>): CartOperation => {
  switch (input.type) {
    case 'add': {
      const { product: productId, quantity } = input
      return {
        type: 'add-item',
        productId,
        quantity,
        name: null,
        attributes: {},
        attributesKey: '{}',
      }
    }
    case 'set':
      return { type: 'set-quantity', itemId: input.itemId as ItemId, quantity: input.quantity }
    case 'remove':
      return { type: 'remove-item', itemId: input.itemId as ItemId }
    case 'clear':
      return { type: 'clear-cart' }
    default:
      return input satisfies never
  }
}

const toShown = ({ version, revision, items }: Cart): Shown => ({
  version,
  revision,
  lines: items.map(({ id, productId: product, quantity }) => ({ id, product, quantity })),
})

/** Each client has its handler. */
export const askHandlers =
  (handlers: readonly CommandHandler[], reserving: boolean): Ask =>
  async (client, cart, input) => {
    const handler = handlers[client % handlers.length]
    return handler === undefined
      ? 'not-sent'
      : askHandler(handler, cart as CartId, input, reserving)
  }

const askHandler = async (
  handler: CommandHandler,
  cartId: CartId,
  input: Input,
  reserving: boolean,
): Promise<Output> => {
  if (input.type === 'get') return { kind: 'shown', cart: toShown(await handler.read(cartId)) }
  const by = { at: Date.now(), actor: 'shopper', id: newId(), reserving }
  const command: Command = { ...toOperation(input), ...by }
  const result = await handler.handle({
    cartId,
    command,
    expected: input.ifMatch === null ? null : [input.ifMatch],
    repeatable: null,
    lease: null,
    form: 'cart',
    decideBy: null,
  })
  if (result.kind === 'changed') return { kind: 'shown', cart: JSON.parse(result.text ?? '') }
  const { code, message, cart = '' } = result
  if (code === 'version-stale') return { kind: 'stale', cart: JSON.parse(cart) }
  if (code === 'item-not-found') return { kind: 'not-found' }
  throw new CartError(code, message)
}

/** For handlers that are asked here. */
export const shownEncoders: Encoders = { cart: ({ cart }) => JSON.stringify(toShown(cart)) }

/** Each request goes to any of the instances. */
export const askOver =
  (client: Client, drawUrl: () => string): Ask =>
  async (_, cart, input) => {
    const url = `${drawUrl()}/v1/cart/${cart}`
    try {
      return fromReply(await sendInput(client, url, input))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return code === 'ECONNREFUSED' ? 'not-sent' : { kind: 'unknown' }
    }
  }

const sendInput = ({ send }: Client, url: string, input: Input): Promise<Reply> => {
  const headers = input.ifMatch === null ? {} : { 'if-match': `"${input.ifMatch}"` }
  const as = (sending: Sending): Sending => ({ headers, ...sending })
  switch (input.type) {
    case 'get':
      return send(url)
    case 'add': {
      const { product: product_id, quantity } = input
      return send(`${url}/items`, as({ method: 'POST', body: { product_id, quantity } }))
    }
    case 'set': {
      const body = { quantity: input.quantity }
      return send(`${url}/items/${input.itemId}`, as({ method: 'PATCH', body }))
    }
    case 'remove':
      return send(`${url}/items/${input.itemId}`, as({ method: 'DELETE' }))
    case 'clear':
      return send(url, as({ method: 'DELETE' }))
    default:
      return input satisfies never
  }
}

const fromReply = ({ status, headers, text }: Reply): Output => {
  if (status === 200 || status === 201) {
    return { kind: 'shown', cart: fromText(JSON.parse(text) as CartText) }
  }
  if (status === 204) {
    const [, version, revision] = /^"(\d+)\.(\d+)"$/.exec(String(headers.etag)) ?? []
    const cart = { version: Number(version), revision: Number(revision), lines: [] }
    return { kind: 'shown', cart }
  }
  if (status === 412) {
    const { cart } = JSON.parse(text) as { readonly cart: CartText }
    return { kind: 'stale', cart: fromText(cart) }
  }
  if (status === 404 && text.includes('"code":"item-not-found"')) return { kind: 'not-found' }
  if (status === 503) return { kind: 'unknown' }
  throw new Error(`${status} ${text}`)
}

const fromText = ({ version, revision, items }: CartText): Shown => ({
  version,
  revision,
  lines: items.map(({ item_id: id, product_id: product, quantity }) => ({ id, product, quantity })),
})
