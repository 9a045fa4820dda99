// Reading and answering JSON over node:http, and the one error that becomes a 4xx.
import type { IncomingMessage, ServerResponse } from 'node:http'

export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A thousand reservations of the longest item and reference, fully escaped, fit. */
const bodyBytesMax = 8 * 1024 * 1024

/**
 * Settles in the turn in which the body ended, so that no close of the socket slips in between.
 * Rejects when the client leaves first.
 */
export function readJson(request: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= bodyBytesMax) chunks.push(chunk)
      else reject(new RequestError(413, `the body exceeds ${bodyBytesMax} bytes`))
    })
    request.on('end', () => {
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString()))
      } catch {
        reject(new RequestError(400, 'the body is not JSON'))
      }
    })
    request.on('error', reject)
  })
}

/** Does nothing when the client is gone. */
export function answer(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  answer(response, status, JSON.stringify(body))
}
