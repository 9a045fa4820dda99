// One connection that carries one request at a time: sends bytes, reads the status,
// skips the body.
import { connect } from 'node:net'

export type Connection = {
  /** Only when the answer before has come. */
  send(request: Buffer): void
  close(): void
}

export type Listener = {
  answered(status: number): void
  failed(reason: string): void
}

const headEnd = Buffer.from('\r\n\r\n')

export const openConnection = (url: string, listener: Listener): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    let isClosed = false
    let read: Buffer = Buffer.alloc(0)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const fail = (reason: string) => {
      if (isClosed) return
      isClosed = true
      socket.destroy()
      reject(new Error(reason))
      listener.failed(reason)
    }
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail('the connection was closed'))
    socket.on('data', (chunk: Buffer) => {
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk])
      const end = endOfAnswer(read)
      if (end === 'incomplete') return
      if (end === 'unreadable' || read.length > end) return fail('the answer is not readable')
      const status = Number(read.toString('latin1', 9, 12))
      read = Buffer.alloc(0)
      listener.answered(status)
    })
    socket.once('connect', () =>
      resolve({
        send: (request) => void socket.write(request),
        close: () => {
          isClosed = true
          socket.destroy()
        },
      }),
    )
  })

const endOfAnswer = (bytes: Buffer): number | 'incomplete' | 'unreadable' => {
  const end = bytes.indexOf(headEnd)
  if (end === -1) return 'incomplete'
  const head = bytes.toString('latin1', 0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  const hasBody = !/^HTTP\/1\.1 (204|304)/.test(head)
  if (length === undefined && hasBody) return 'unreadable'
  const whole = end + headEnd.length + (hasBody ? Number(length) : 0)
  return bytes.length >= whole ? whole : 'incomplete'
}
