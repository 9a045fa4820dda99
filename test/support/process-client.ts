// HTTP as clients speak it: connections stay open, and an answer is its status, headers and text.
import { Agent } from 'undici'
import { until } from './process-program.ts'

export type Reply = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export type Sending = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Client extends AsyncDisposable {
  /** @throws when no complete answer came: the outcome of the request is then unknown. */
  send(url: string, sending?: Sending): Promise<Reply>
}

export const openClient = ({ connections = 64, timeoutMs = 20_000 } = {}): Client => {
  const agent = new Agent({
    connections,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 60_000,
  })
  return {
    send: async (url, { method = 'GET', body, headers = {} } = {}) => {
      const { origin, pathname, search } = new URL(url)
      const answer = await agent.request({
        origin,
        path: `${pathname}${search}`,
        method,
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        body: body === undefined ? null : JSON.stringify(body),
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, headers: answer.headers, text }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

export type CartText = {
  readonly version: number
  readonly revision: number
  readonly total_quantity: number
  readonly items: readonly ItemText[]
}

export type ItemText = {
  readonly item_id: string
  readonly product_id: string
  readonly quantity: number
  readonly reservation: {
    readonly status: string
    readonly reserved_quantity: number
    readonly reservation_ids: readonly string[]
  }
  readonly reservations: readonly ReservationText[]
}

export type ReservationText = {
  readonly id: string
  readonly quantity: number
  readonly status: string
  readonly reservation_id: string | null
}

const shared = openClient()

export const send = shared.send

export const readCart = async (url: string, user: string): Promise<CartText> => {
  const { status, text } = await send(`${url}/v1/cart/${user}`)
  if (status !== 200) throw new Error(`GET /v1/cart/${user} answered ${status}: ${text}`)
  return JSON.parse(text) as CartText
}

export const addItem = (
  url: string,
  user: string,
  product: string,
  { quantity = 1, headers = {} }: { quantity?: number; headers?: Sending['headers'] } = {},
): Promise<Reply> =>
  send(`${url}/v1/cart/${user}/items`, {
    method: 'POST',
    body: { product_id: product, quantity },
    headers,
  })

/** The value of a metric without labels, or the sum over its labels. */
export const readMetric = async (url: string, name: string): Promise<number> => {
  const { text } = await send(`${url}/metrics`)
  const lines = text.split('\n').filter((line) => line.startsWith(name))
  return lines
    .filter((line) => /^[{ ]/.test(line.slice(name.length)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

export type HoldText = {
  readonly reservation_id: number
  readonly reference: string | null
  readonly item: string
  readonly quantity: number
  readonly state: 'active' | 'released'
}

/** All holds of a simulator, oldest first. */
export const readLedger = async (simulatorUrl: string): Promise<readonly HoldText[]> => {
  const holds: HoldText[] = []
  let after = 0
  for (;;) {
    const { text } = await send(`${simulatorUrl}/ledger?limit=10000&after=${after}`)
    const page = JSON.parse(text) as { holds: readonly HoldText[]; next: number | null }
    holds.push(...page.holds)
    if (page.next === null) return holds
    after = page.next
  }
}

export const readStats = async (simulatorUrl: string): Promise<Readonly<Record<string, number>>> =>
  JSON.parse((await send(`${simulatorUrl}/stats`)).text) as Record<string, number>

export const configureSimulator = async (
  simulatorUrl: string,
  changes: Readonly<Record<string, number>>,
): Promise<void> => {
  const url = `${simulatorUrl}/settings`
  // PATCH is what it takes; a refusal is a mistake of the test.
  const { status, text } = await send(url, { method: 'PATCH', body: changes })
  if (status !== 200) throw new Error(`PATCH /settings answered ${status}: ${text}`)
}

/** Waits until no job is left, due, scheduled or leased; buried ones stay for an operator. */
export const untilIdle = (url: string, withinMs = 30_000): Promise<true> =>
  until(
    'all jobs are done',
    async () => {
      const { text } = await send(`${url}/metrics`)
      const open = /^jobs\{state="(?:due|scheduled|leased)"\} (\d+)$/gm
      const counts = [...text.matchAll(open)].map(([, count]) => count)
      // None while the store is unavailable.
      return counts.length > 0 && counts.every((count) => count === '0')
    },
    { withinMs, everyMs: 25 },
  )
