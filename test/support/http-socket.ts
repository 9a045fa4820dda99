// Bytes over a real socket: what `inject` cannot send, a client can.
import { connect, type Socket } from 'node:net'
import type { Answer, HttpService } from './http-service.ts'

export const listen = async (service: HttpService): Promise<number> => {
  await service.app.listen({ port: 0, host: '127.0.0.1' })
  const [address] = service.app.addresses()
  if (typeof address !== 'object') throw new Error('it does not listen')
  return address.port
}

export type Exchange = {
  /** The answers in their order. */
  readonly answers: readonly Answer[]
  readonly text: string
  /** Which side closed the connection; `none` when it was still open at the end. */
  readonly closedBy: 'server' | 'none'
  readonly tookMs: number
}

export type Sending = {
  /** Written first. */
  readonly bytes: string | Buffer
  /** Answers to wait for before the connection is given up; none: until the server closes it. */
  readonly answers?: number
  /** Called once connected, after `bytes`. */
  readonly onSent?: (socket: Socket) => void
}

const deadlineMs = 10_000

/** Collects answers until they are all there, the server closes, or ten seconds passed. */
export const exchange = (port: number, sending: Sending): Promise<Exchange> =>
  new Promise((resolve) => {
    const startedAt = performance.now()
    const socket = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    const finish = (closedBy: Exchange['closedBy']) => {
      clearTimeout(timer)
      socket.destroy()
      const text = received.toString()
      const tookMs = performance.now() - startedAt
      resolve({ answers: toAnswers(received), text, closedBy, tookMs })
    }
    const timer = setTimeout(() => finish('none'), deadlineMs)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (toAnswers(received).length === sending.answers) finish('none')
    })
    // A reset is an end too: what was received until then is what counts.
    socket.on('error', () => finish('server'))
    socket.on('close', () => finish('server'))
    socket.write(sending.bytes)
    sending.onSent?.(socket)
  })

/** The complete answers among the bytes. */
const toAnswers = (received: Buffer): readonly Answer[] => {
  const answers: Answer[] = []
  let rest = received
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return answers
    const [first = '', ...lines] = rest.subarray(0, end).toString().split('\r\n')
    const status = Number(first.split(' ')[1])
    const headers = Object.fromEntries(
      lines.map((line) => [line.split(':', 1)[0]?.toLowerCase(), line.replace(/^[^:]*:\s*/, '')]),
    )
    const length = Number(headers['content-length'] ?? 0)
    const body = rest.subarray(end + 4, end + 4 + length)
    if (body.length < length) return answers
    rest = rest.subarray(end + 4 + length)
    if (status === 100) continue
    const text = body.toString()
    answers.push({ status, headers, text, json: <T>() => JSON.parse(text) as T })
  }
}

/** A request as bytes; headers are lines, so that one may come twice. */
export const toBytes = (
  head: string,
  lines: readonly string[] = [],
  body: string | Buffer = '',
): Buffer => {
  const length = body.length === 0 ? [] : [`content-length: ${Buffer.byteLength(body)}`]
  const all = [`${head} HTTP/1.1`, 'host: localhost', ...lines, ...length]
  return Buffer.concat([Buffer.from(`${all.join('\r\n')}\r\n\r\n`), Buffer.from(body)])
}
