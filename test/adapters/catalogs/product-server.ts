// A product service that answers what a test wants, and the catalog that calls it.
import type { ServerResponse } from 'node:http'
import { type HttpCatalogOptions, openHttpCatalog } from '../../../src/adapters/catalogs/http.ts'
import { toDecimal } from '../../../src/adapters/catalogs/price.ts'
import type { Catalog } from '../../../src/ports/catalog.ts'
import { contents } from '../../contracts/catalog.ts'
import { type Call, type OddService, openOddService } from '../reservations/odd-service.ts'

export type Answer = (response: ServerResponse, call: Call) => void

export const answer =
  (status: number, body: unknown = '', headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    void response
      .writeHead(status, headers)
      .end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))

export interface ProductServer extends OddService {
  /** What the next calls are answered with. */
  answer: Answer
  /** The ids that were requested. */
  ids(): readonly string[]
}

export const openProductServer = async (first: Answer): Promise<ProductServer> => {
  const server: { answer: Answer } = { answer: first }
  const service = await openOddService((call, response) => server.answer(response, call))
  const ids = () => service.calls.map(({ path }) => idOf(path))
  return Object.assign(server, service, { ids })
}

const idOf = (path: string): string => decodeURIComponent(path.replace(/^.*\/products\//, ''))

export interface OpenedCatalog extends Catalog {
  readonly troubles: readonly string[]
}

export const openCatalogAt = async (
  url: URL,
  differently: Partial<HttpCatalogOptions> = {},
): Promise<OpenedCatalog> => {
  const troubles: string[] = []
  const catalog = await openHttpCatalog({
    url,
    currency: 'USD',
    onTrouble: ({ message }) => void troubles.push(message),
    ...differently,
  })
  return Object.assign(catalog, { troubles })
}

export const openContentsOverHttp = async (): Promise<Catalog> => {
  const server = await openProductServer((response, { path }) => {
    const product = contents.products.find(({ id }) => id === idOf(path))
    if (product === undefined) return answer(404)(response, server.calls[0] as Call)
    const { id, name, price } = product
    const decimal = price && toDecimal(price)
    const body = { id, name, price: decimal, currency: price?.currency, more: 1 }
    answer(200, body)(response, server.calls[0] as Call)
  })
  const catalog = await openCatalogAt(server.url, { timeoutMs: 10_000 })
  return {
    ...catalog,
    [Symbol.asyncDispose]: async () => {
      await catalog[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
