// Answers what is no request yet: broken HTTP, or headers that never end.
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError } from 'fastify'
import { type ProblemCode, toProblem } from '../problems/problems.ts'

// Node has no public name for the answer under way on a connection.
type BusySocket = Socket & { readonly _httpMessage?: ServerResponse | null }

const waiting = new WeakSet<Socket>()

export const answerClientError = (error: ConnectionError, socket: BusySocket): void => {
  const underWay = socket._httpMessage
  if (underWay?.req.complete && error.code !== 'ECONNRESET') {
    // What follows a whole request is broken: answered now, it would pass for the answer to that.
    if (waiting.has(socket)) return
    waiting.add(socket)
    underWay.once('close', () => {
      waiting.delete(socket)
      answerClientError(error, socket)
    })
    return
  }
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const codes: Readonly<Record<string, ProblemCode>> = {
    ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
    HPE_HEADER_OVERFLOW: 'headers-too-large',
  }
  const code = codes[error.code ?? ''] ?? 'invalid-request'
  const problem = toProblem(code, 'The request is not readable HTTP, or came too slowly.', 'none')
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
