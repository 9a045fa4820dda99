// A proxy between a store and PostgreSQL that cuts connections at a chosen moment of a commit.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Where the next commit is cut off: before the server gets it, or before its answer gets back. */
export type Cut = 'request' | 'answer'

export interface StoreProxy extends AsyncDisposable {
  /** The given URL, through the proxy. */
  readonly url: string
  cutNextCommit(where: Cut): void
  readonly cuts: () => number
}

// The name of the prepared statement, which goes with every execution of it.
const commitMark = Buffer.from('commit_')

export const openStoreProxy = async (targetUrl: string): Promise<StoreProxy> => {
  const target = new URL(targetUrl)
  const sockets = new Set<Socket>()
  let next: Cut | null = null
  let cuts = 0
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // The other socket of the pair is destroyed on the close of this one.
    socket.on('error', () => socket.destroy())
  }
  const server = createServer({ noDelay: true }, (client) => {
    const behind = connect({ port: Number(target.port), host: target.hostname, noDelay: true })
    for (const socket of [client, behind]) keep(socket)
    let isAnswerCut = false
    const cut = () => {
      cuts += 1
      client.destroy()
      behind.destroy()
    }
    client.on('data', (data: Buffer) => {
      if (next !== null && data.includes(commitMark)) {
        const where = next
        next = null
        if (where === 'request') return cut()
        isAnswerCut = true
      }
      behind.write(data)
    })
    behind.on('data', (data: Buffer) => {
      if (isAnswerCut) return cut()
      client.write(data)
    })
    client.once('close', () => behind.destroy())
    behind.once('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = Object.assign(new URL(targetUrl), { hostname: '127.0.0.1', port: address.port })
  return {
    url: url.href,
    cutNextCommit: (where) => {
      next = where
    },
    cuts: () => cuts,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
