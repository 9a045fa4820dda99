// The catalog of a product service over HTTP, with a cache: what was learned is used again for a
// while, and for much longer when the service is unavailable or slow. Users are not kept.
import { withinTimeOr } from '../../platform/time-limit.ts'
import type { Catalog, Product } from '../../ports/catalog.ts'
import { keepLatest } from './latest.ts'
import { assertCurrency } from './price.ts'
import { openProductService, type ProductServiceOptions } from './product-service.ts'
import { unavailable } from './unavailable.ts'

export type HttpCatalogOptions = Pick<ProductServiceOptions, 'url' | 'currency'> &
  Partial<ProductServiceOptions> & {
    /** The service cannot be asked; reported every 10 s at most. */
    readonly onTrouble: (error: Error) => void
    /** For how long a product is used without asking. */
    readonly freshMs?: number
    /** For how long it is used when the service does not answer. */
    readonly staleMs?: number
    /** For how long one that was not there is not asked for again. */
    readonly missingMs?: number
    /** How long the answer is waited for when the product is cached, but not fresh. */
    readonly patienceMs?: number
    /** Products cached, and as many ids that were not there. */
    readonly entriesMax?: number
  }

const usual = {
  timeoutMs: 2_000,
  connections: 16,
  breaker: { enabled: true, cooldownMs: 5_000 },
  freshMs: 60_000,
  staleMs: 86_400_000,
  missingMs: 5_000,
  patienceMs: 200,
  entriesMax: 10_000,
} as const

const reportEveryMs = 10_000

/** Nothing is asked at the start, so a product service that is unavailable does not delay it. */
export const openHttpCatalog = async (options: HttpCatalogOptions): Promise<Catalog> => {
  assertCurrency(options.currency)
  const settings = { ...usual, ...options }
  const { freshMs, staleMs, missingMs, patienceMs } = settings
  const service = openProductService(settings)
  const kept = keepLatest<Product>(settings.entriesMax)
  // Apart, so that requests for what was never there do not drive out what is.
  const missing = keepLatest<null>(settings.entriesMax)
  const asking = new Map<string, Promise<Product | null>>()
  const trouble = watchTrouble(options.onTrouble)
  let isClosed = false

  const askOnce = async (id: string): Promise<Product | null> => {
    try {
      const product = await service.ask(id)
      if (product === null) {
        kept.remove(id)
        missing.set(id, null)
      } else {
        missing.remove(id)
        kept.set(id, product)
      }
      trouble.over()
      return product
    } catch (error) {
      if (!isClosed) trouble.met(id, error as Error)
      throw unavailable(error)
    } finally {
      asking.delete(id)
    }
  }

  /** Requests for a product that is being asked for share the answer. */
  const ask = (id: string): Promise<Product | null> => {
    const before = asking.get(id)
    if (before !== undefined) return before
    const answer = askOnce(id)
    asking.set(id, answer)
    // Some callers do not wait for the answer.
    answer.catch(() => {})
    return answer
  }

  /** Undefined when it is not known without asking. */
  const peek = (id: string): { product: Product | null; isFresh: boolean } | undefined => {
    const gone = missing.get(id)
    if (gone !== undefined && ageOf(gone) < missingMs) return { product: null, isFresh: true }
    const entry = kept.get(id)
    if (entry === undefined || ageOf(entry) >= Math.max(freshMs, staleMs)) return undefined
    return { product: entry.value, isFresh: ageOf(entry) < freshMs }
  }

  const find = async (id: string): Promise<Product | null> => {
    const known = peek(id)
    if (known?.isFresh) return known.product
    const answer = ask(id)
    if (known === undefined) return answer
    return withinTimeOr(patienceMs, answer, known.product)
  }

  return {
    name: 'http',
    findProducts: async (ids) => toMap(await Promise.all([...new Set(ids)].map(find))),
    peekProducts: async (ids) => {
      const known = ids.map((id) => [id, peek(id)] as const)
      // For the next reader.
      for (const [id, found] of known) if (!found?.isFresh) ask(id)
      if (known.some(([, found]) => found === undefined)) return null
      return toMap(known.map(([, found]) => found?.product ?? null))
    },
    hasUser: async () => true,
    check: async () => {
      // Asked again for what failed last: the only product of which we know that it says something.
      const failed = trouble.failedId()
      if (failed !== null) await ask(failed)
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      await service[Symbol.asyncDispose]()
    },
  }
}

const ageOf = ({ at }: { readonly at: number }): number => performance.now() - at

const toMap = (products: readonly (Product | null)[]): ReadonlyMap<string, Product> =>
  new Map(products.flatMap((product) => (product === null ? [] : [[product.id, product] as const])))

const watchTrouble = (onTrouble: (error: Error) => void) => {
  let failedId: string | null = null
  let reportedAt = -Infinity
  return {
    failedId: () => failedId,
    over: () => {
      failedId = null
    },
    met: (id: string, error: Error) => {
      failedId = id
      if (performance.now() - reportedAt < reportEveryMs) return
      reportedAt = performance.now()
      onTrouble(new Error(`the product service cannot be asked for "${id}": ${error.message}`))
    },
  }
}
