// Opens the port, patiently: an earlier simulator may just be ending.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export class ListenError extends Error {
  override readonly name = 'ListenError'
}

const retryForMs = 5_000
const retryEveryMs = 100

async function tryListen(server: Server, port: number, host: string): Promise<void> {
  // A burst of thousands of new connections must not overflow the backlog (511 by default).
  server.listen({ port, host, backlog: 16_384 })
  await once(server, 'listening')
}

const codeOf = (cause: unknown) =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)

/** @throws ListenError */
export async function listen(port: number, host: string): Promise<Server> {
  const server = createServer({
    // A call may take minutes. Idle connections outlive those of any client, so that the client
    // closes them and never sends a request into one that is just being closed here.
    requestTimeout: 0,
    headersTimeout: 60_000,
    keepAliveTimeout: 600_000,
  })
  const deadline = Date.now() + retryForMs
  for (;;) {
    try {
      await tryListen(server, port, host)
      return server
    } catch (cause) {
      const code = codeOf(cause)
      if (code === 'EADDRINUSE' && Date.now() < deadline) {
        await sleep(retryEveryMs)
        continue
      }
      const reason = code === 'EADDRINUSE' ? 'the port is in use' : code
      throw new ListenError(`cannot listen on ${host}:${port}: ${reason}`, { cause })
    }
  }
}
