// A reservation service that answers what a test wants, and the client that calls it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import {
  openReservationService,
  type ReservationServiceSettings,
} from '../../../src/adapters/reservations/open-reservation-service.ts'
import type { HoldId, ReservationKey } from '../../../src/domain/ids.ts'
import type { ReservationClient, ReserveRequest } from '../../../src/ports/reservation-client.ts'

export type Call = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface OddService extends AsyncDisposable {
  readonly url: URL
  readonly calls: Call[]
}

type Handler = (call: Call, response: ServerResponse, request: IncomingMessage) => void

export const openOddService = async (handler: Handler): Promise<OddService> => {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const call = { method, path, headers, body: Buffer.concat(chunks).toString() }
      calls.push(call)
      handler(call, response, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen')
  return {
    url: new URL(`http://127.0.0.1:${address.port}`),
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers every call the same way. */
export const answering = (
  status: number,
  body: string | Buffer = '{"reservation_id": 1}',
  headers: Readonly<Record<string, string>> = {},
): Promise<OddService> =>
  openOddService((_call, response) => response.writeHead(status, headers).end(body))

/** A URL on a closed port of this machine. */
export const findDeadUrl = async (): Promise<URL> => {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return new URL(`http://127.0.0.1:${address.port}`)
}

export const connect = (
  url: URL,
  settings: Partial<ReservationServiceSettings> = {},
): ReservationClient =>
  openReservationService({
    url,
    grade: 'keyed',
    connections: 50,
    timeoutMs: 5_000,
    breaker: { enabled: false, cooldownMs: 1_000 },
    ...settings,
  })

export const wanted = (key = 'k1', quantity = 2, productId = 'lamp'): ReserveRequest => ({
  key: key as ReservationKey,
  productId,
  quantity,
})

export const keyOf = (text: string) => text as ReservationKey
export const holdOf = (text: string) => text as HoldId

/** A signal that is never aborted. */
export const calm = () => new AbortController().signal
