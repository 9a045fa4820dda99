// Opens the port, and closes it again without waiting for clients that do not go.
import type { FastifyInstance } from 'fastify'

export type Listening = { readonly url: string; close(): Promise<void> }

export const listen = async (
  app: FastifyInstance,
  at: { readonly host: string; readonly port: number; readonly reusePort: boolean },
): Promise<Listening> => {
  await app.listen(at)
  const [address] = app.addresses()
  const own = typeof address === 'string' || address === undefined ? null : address
  const host = own?.family === 'IPv6' ? `[${own.address}]` : own?.address
  return { url: `http://${host}:${own?.port}`, close: () => close(app) }
}

// Requests that are not answered by then came too slowly to be waited for.
const closeWithinMs = 5_000

/** A client that keeps its connection, or never ends its request, does not hold up the end. */
const close = async (app: FastifyInstance): Promise<void> => {
  const sweep = setInterval(() => app.server.closeIdleConnections(), 50)
  const end = setTimeout(() => app.server.closeAllConnections(), closeWithinMs)
  try {
    await app.close()
  } finally {
    clearInterval(sweep)
    clearTimeout(end)
  }
}
