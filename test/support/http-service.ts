// The whole API in one process, on a fresh store, without a port, for its tests.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { pino } from 'pino'
import { openAnyProductCatalog } from '../../src/adapters/catalogs/any-product.ts'
import { encoders } from '../../src/adapters/http/answers/encoders.ts'
import { buildServer } from '../../src/adapters/http/server/build-server.ts'
import { openMemoryStore } from '../../src/adapters/stores/memory/open.ts'
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open.ts'
import { type Metrics, openMetrics } from '../../src/adapters/telemetry/metrics.ts'
import { reportTo } from '../../src/adapters/telemetry/reporter.ts'
import { openUseCases, type UseCases } from '../../src/application/use-cases.ts'
import type { Intent } from '../../src/domain/cart/commands.ts'
import type { CartId, HoldId } from '../../src/domain/ids.ts'
import type { Outcome } from '../../src/domain/reservation/job.ts'
import type { Catalog } from '../../src/ports/catalog.ts'
import type { ReservationClient } from '../../src/ports/reservation-client.ts'
import type { Store } from '../../src/ports/store.ts'

export type StoreKind = 'memory' | 'sqlite'
export type Breaker = ReturnType<ReservationClient['breaker']>

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body, of the type that the caller names. */
  json<T = Record<string, unknown>>(): T
}

export type Asked = {
  readonly body?: unknown
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export interface HttpService extends AsyncDisposable {
  readonly app: FastifyInstance
  readonly store: Store
  readonly useCases: UseCases
  readonly metrics: Metrics
  readonly clock: { readonly now: () => number; tick(ms: number): void }
  readonly logged: readonly string[]
  readonly state: { breaker: Breaker; draining: boolean }
  ask(method: string, url: string, asked?: Asked): Promise<Answer>
  /** Plays the worker: records this outcome for every due job; answers how many there were. */
  settle(outcome?: Outcome): Promise<number>
}

export type HttpServiceOptions = {
  readonly catalog?: Catalog
  readonly store?: StoreKind
  /** Stands between the API and its store, to make it fail. */
  readonly wrap?: (store: Store) => Store
  readonly reservations?: 'on' | 'off'
  readonly referenceApis?: 'on' | 'off'
}

const timeouts = {
  role: 'all',
  headersTimeoutMs: 1_000,
  requestTimeoutMs: 4_000,
  keepAliveTimeoutMs: 5_000,
} as const

const openStore = async (kind: StoreKind): Promise<Store> => {
  if (kind === 'memory') return openMemoryStore()
  const folder = mkdtempSync(join(tmpdir(), 'cart-http-'))
  const store = await openSqliteStore(join(folder, 'cart.db'))
  return {
    ...store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const openClock = () => {
  let at = Date.parse('2026-03-01T12:00:00Z')
  let made = 0
  return {
    now: () => at,
    random: () => 0.5,
    newId: () => {
      made += 1
      return `id${String(made).padStart(6, '0')}`
    },
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    tick: (ms: number) => {
      at += ms
    },
  }
}

export const openHttpService = async (options: HttpServiceOptions = {}): Promise<HttpService> => {
  const base = await openStore(options.store ?? 'memory')
  const store = options.wrap?.(base) ?? base
  const clock = openClock()
  const logged: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) })
  const metrics = openMetrics()
  const reporter = reportTo(log, metrics)
  const state = { breaker: 'closed' as Breaker, draining: false }
  const telemetry = {
    contentType: metrics.contentType,
    answered: metrics.answered,
    text: async () => {
      const jobs = await store.countJobs(clock.now()).catch(() => null)
      return metrics.text({ jobs, callsOpen: 0, breaker: state.breaker, now: clock.now() })
    },
  }
  const isDraining = () => state.draining
  const useCases = toCloned(
    openUseCases({
      store,
      catalog: options.catalog ?? openAnyProductCatalog(),
      client: options.reservations === 'off' ? null : { breaker: () => state.breaker },
      queue: null,
      clock,
      reporter,
      encoders,
      warmCartsBytes: 2 ** 24,
      onJobs: () => {},
      isDraining,
    }),
  )
  const parts = { useCases, clock, log, telemetry, isDraining }
  const { referenceApis = 'on' } = options
  const app = await buildServer(parts, { ...timeouts, referenceApis }, '0.0.0')
  return {
    app,
    store,
    useCases,
    metrics,
    clock,
    logged,
    state,
    ask: (method, url, asked) => ask(app, method, url, asked),
    settle: (outcome) => settle(store, useCases, clock, outcome),
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await base[Symbol.asyncDispose]()
    },
  }
}

/** Changes and their results cross as they would to another thread or over a wire: as copies. */
const toCloned = (useCases: UseCases): UseCases => ({
  ...useCases,
  changeCart: async (change) => structuredClone(await useCases.changeCart(structuredClone(change))),
})

const ask = async (
  app: FastifyInstance,
  method: string,
  url: string,
  { body, raw, headers = {} }: Asked = {},
): Promise<Answer> => {
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const type = payload === undefined ? {} : { 'content-type': 'application/json' }
  const answer = await app.inject({
    method: method as NonNullable<InjectOptions['method']>,
    url,
    headers: { ...type, ...headers },
    ...(payload !== undefined && { payload }),
  })
  return {
    status: answer.statusCode,
    headers: answer.headers as Record<string, string>,
    text: answer.body,
    json: <T>() => JSON.parse(answer.body) as T,
  }
}

const settle = async (
  store: Store,
  { changeCart }: UseCases,
  clock: ReturnType<typeof openClock>,
  outcome?: Outcome,
): Promise<number> => {
  const jobs = await store.claimJobs({ workerId: 'w', now: clock.now(), limit: 1_000 })
  for (const { id: jobId, kind: jobKind, cartId, itemId, key, quantity, attempts } of jobs) {
    const held: Outcome =
      jobKind === 'release'
        ? { kind: 'released' }
        : { kind: 'reserved', holdId: `hold-${key}` as HoldId }
    const about = { type: 'record-outcome', jobId, itemId, key, quantity, attempts } as const
    const intent = { ...about, jobKind, outcome: outcome ?? held } as Intent
    const { kind } = await changeCart({ cartId, intent, actor: 'worker' })
    assert.equal(kind, 'changed')
  }
  return jobs.length
}

/** What a request that is refused must leave as it was: the cart and its history. */
export const worldOf = async (service: HttpService, userId: string): Promise<string> => {
  const { cart } = await service.store.load(userId as CartId, [])
  const journal = await service.store.readJournal(userId as CartId, 0, 10_000)
  const jobs = await service.store.countJobs(service.clock.now())
  return JSON.stringify({ cart, journal, jobs })
}

export const itemAt = <T>(list: readonly T[], index: number): T => {
  const found = list.at(index)
  assert.ok(found !== undefined, `there is no element ${index}`)
  return found
}
