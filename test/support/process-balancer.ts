// A small load balancer before one instance, as deployments have one: it asks /ready, holds requests back
// while the instance is not, and repeats a request only when the connection was refused, since only then
// nothing of it can have arrived.
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Balancer extends AsyncDisposable {
  readonly url: string
  /** What went wrong between here and the instance. */
  readonly faults: readonly string[]
}

export type BalancerSettings = {
  readonly targetPort: number
  /** `never`: requests go to whoever listens. */
  readonly asksReady: 'often' | 'never'
}

const askEveryMs = 50
// A request waits for so long for an instance before it is given up.
const holdForMs = 20_000

export const openBalancer = async (settings: BalancerSettings): Promise<Balancer> => {
  const { targetPort: port } = settings
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const faults: string[] = []
  const over = new AbortController()
  let isReady = true

  const watch = async () => {
    while (!over.signal.aborted) {
      const answer = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => null)
      await answer?.body?.cancel()
      isReady = answer?.status === 200
      await sleep(askEveryMs)
    }
  }
  const watching = settings.asksReady === 'often' ? watch() : Promise.resolve()

  const forward = (incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage> =>
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
      while (!isReady && Date.now() < deadline) await sleep(10)
      try {
        const reply = await forward(incoming, Buffer.concat(chunks))
        const { connection: _, 'keep-alive': __, ...headers } = reply.headers
        outgoing.writeHead(reply.statusCode ?? 502, headers)
        for await (const chunk of reply) outgoing.write(chunk)
        outgoing.end()
        return
      } catch (error) {
        const { code = String(error) } = error as NodeJS.ErrnoException
        if (code === 'ECONNREFUSED' && Date.now() < deadline) {
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
      await watching
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      agent.destroy()
    },
  }
}
