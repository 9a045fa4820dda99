// A small load balancer, as deployments have one: it asks each instance for /ready, holds requests back
// while none is, and repeats a request only when the connection was refused, since only then nothing of it
// can have arrived.
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Balancer extends AsyncDisposable {
  readonly url: string
  /** What failed between here and an instance. */
  readonly faults: readonly string[]
}

export type BalancerSettings = {
  readonly targetPorts: readonly number[]
  /** `never`: requests go to any instance that listens. */
  readonly asksReady: 'often' | 'never'
}

const askEveryMs = 50
// A request waits for so long for an instance before it is given up.
const holdForMs = 20_000

type Target = { readonly port: number; isReady: boolean }

/** Those that are ready, in turn; null while there is none. */
const takeTurns = (targets: readonly Target[]): (() => Target | null) => {
  let turn = 0
  return () => {
    const ready = targets.filter(({ isReady }) => isReady)
    turn += 1
    return ready[turn % ready.length] ?? null
  }
}

// As good as a connection that is refused.
const noneIsReady = Object.assign(new Error('no instance is ready'), { code: 'ECONNREFUSED' })

export const openBalancer = async (settings: BalancerSettings): Promise<Balancer> => {
  const targets = settings.targetPorts.map((port): Target => ({ port, isReady: true }))
  const draw = takeTurns(targets)
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const faults: string[] = []
  const over = new AbortController()

  const watch = async (target: Target) => {
    while (!over.signal.aborted) {
      const answer = await fetch(`http://127.0.0.1:${target.port}/ready`).catch(() => null)
      await answer?.body?.cancel()
      target.isReady = answer?.status === 200
      await sleep(askEveryMs)
    }
  }
  const watching = settings.asksReady === 'often' ? targets.map(watch) : []

  const forward = (
    { port }: Target,
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { method, url: path, headers } = incoming
      const options = { agent, port, host: '127.0.0.1', method, path, headers }
      request(options, resolve).on('error', reject).end(body)
    })

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const deadline = Date.now() + holdForMs
    for (;;) {
      const target = draw()
      try {
        if (target === null) throw noneIsReady
        const reply = await forward(target, incoming, Buffer.concat(chunks))
        const { connection: _, 'keep-alive': __, ...headers } = reply.headers
        outgoing.writeHead(reply.statusCode ?? 502, headers)
        for await (const chunk of reply) outgoing.write(chunk)
        outgoing.end()
        return
      } catch (error) {
        const { code = String(error) } = error as NodeJS.ErrnoException
        if (code === noneIsReady.code && Date.now() < deadline) {
          await sleep(10)
          continue
        }
        faults.push(code)
        outgoing.writeHead(502).end(code)
        return
      }
    }
  }

  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    faults,
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await Promise.all(watching)
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      agent.destroy()
    },
  }
}
