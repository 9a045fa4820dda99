// A TCP proxy that loses answers on their way back: the request has arrived, its sender never knows.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string
  readonly cut: () => number
}

/** Cuts this share of the answers somewhere before their end, and the connection with them. */
export const openCuttingProxy = async (
  targetPort: number,
  share: number,
): Promise<CuttingProxy> => {
  const sockets = new Set<Socket>()
  let cut = 0
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // The other socket of the pair is destroyed on the close of this one.
    socket.on('error', () => socket.destroy())
  }
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    for (const socket of [client, target]) keep(socket)
    client.on('data', (data: Buffer) => target.write(data))
    // One request at a time on a connection, so what comes in one piece is one answer.
    target.on('data', (data: Buffer) => {
      if (Math.random() >= share) return void client.write(data)
      cut += 1
      client.write(data.subarray(0, Math.floor(Math.random() * data.length)), () => {
        client.resetAndDestroy()
        target.destroy()
      })
    })
    client.once('close', () => target.destroy())
    target.once('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut: () => cut,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
