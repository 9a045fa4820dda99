// Workers that get their jobs through Redis, with carts in PostgreSQL: every addition is reserved by one call,
// also when Redis fails.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openAnyProductCatalog } from '../../src/adapters/catalogs/any-product.ts'
import { openRedisQueue } from '../../src/adapters/queue/redis-queue.ts'
import { changeCarts } from '../../src/application/carts/change-cart.ts'
import { handleCommands } from '../../src/application/carts/handle-command.ts'
import { keepWarmCarts } from '../../src/application/carts/warm-carts.ts'
import type { JobSettings } from '../../src/application/jobs/carry-out.ts'
import { handOverJobs } from '../../src/application/jobs/hand-over.ts'
import { takeFromQueue } from '../../src/application/jobs/job-source.ts'
import { runJobs } from '../../src/application/jobs/run-jobs.ts'
import type { CartId } from '../../src/domain/ids.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Store } from '../../src/ports/store.ts'
import { openDatabase, postgresIsMissing } from '../support/server-postgres.ts'
import { type RedisServer, redisProgramIsMissing, startRedis } from '../support/server-redis.ts'
import { openSession, openStoreOf } from '../support/store-databases.ts'
import { until } from '../support/store-processes.ts'
import { honest, openService, type Service } from './fake-service.ts'
import { orThrow } from './handler.ts'
import { times } from './over-stores.ts'
import { openRecorder } from './recorder.ts'
import { add, encoders, toRequest } from './requests.ts'

let server: RedisServer
let made = 0

const clock: Clock = {
  now: Date.now,
  random: Math.random,
  newId: () => {
    made += 1
    return `id-${String(made).padStart(8, '0')}`
  },
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

const leaseMs = 1_500
const settings: Omit<JobSettings, 'workerId'> = {
  concurrency: 20,
  batchSize: 1,
  pollMs: 50,
  leaseMs,
  callTimeoutMs: 60_000,
  retry: { baseMs: 100, capMs: 1_000, giveUpAfterMs: 3_600_000 },
}

/** A process of the service, as compose.ts would put it together. */
const openProcess = async (url: string, prefix: string, { client }: Service) => {
  const stack = new AsyncDisposableStack()
  const { reporter, facts } = openRecorder()
  let onJobs = () => {}
  const store = stack.use(await openStoreOf(url, { onJobs: () => onJobs() }))
  const { handOver } = store
  assert.ok(handOver !== null)
  const queue = stack.use(
    openRedisQueue({
      url: server.url,
      prefix,
      isWorker: true,
      onHints: () => onJobs(),
      onTrouble: () => {},
    }),
  )
  const commands = handleCommands({
    store,
    warmCarts: keepWarmCarts(1_000_000),
    encoders,
    reporter,
    now: clock.now,
    onJobs: () => onJobs(),
  })
  await until('the queue is up', () => queue.isUp())
  const catalog = openAnyProductCatalog()
  const changeCart = changeCarts({ commands, catalog, clock, reserving: true })
  const parts = { store, client, changeCart, clock, reporter }
  const source = takeFromQueue(queue, { ...store, handOver }, clock)
  const runner = runJobs(parts, { ...settings, workerId: clock.newId() }, source)
  const handing = handOverJobs({ store: handOver, queue, clock, reporter }, settings)
  stack.defer(handing.stop)
  stack.defer(() => runner.stop(AbortSignal.abort()))
  onJobs = () => {
    runner.nudge()
    handing.nudge()
  }
  const addTo = async (index: number) => {
    const request = toRequest(add(), {}, `cart ${index}` as CartId)
    const command = { ...request.command, at: clock.now(), id: clock.newId() }
    return orThrow(await commands.handle({ ...request, command }))
  }
  return { store, queue, facts, addTo, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const openTwo = async () => {
  const stack = new AsyncDisposableStack()
  const { url } = stack.use(await openDatabase())
  const session = stack.use(await openSession(url))
  const service = openService()
  const prefix = clock.newId()
  const here = stack.use(await openProcess(url, prefix, service))
  const there = stack.use(await openProcess(url, prefix, service))
  const addAll = (count: number) =>
    Promise.all(times(count, (index) => (index % 2 === 0 ? here : there).addTo(index)))
  return {
    here,
    there,
    session,
    service,
    addAll,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const allSettled = (store: Store) =>
  until('all are settled', async () => {
    const { due, scheduled, leased } = await store.countJobs(clock.now())
    return due + scheduled + leased === 0
  })

const assertCalledOnce = ({ calls }: Service, count: number): void => {
  assert.equal(calls.length, count)
  assert.equal(new Set(calls.flatMap(({ keys }) => keys)).size, count)
}

describe('two workers over Redis', { skip: postgresIsMissing() || redisProgramIsMissing() }, () => {
  before(async () => {
    server = await startRedis()
  })
  after(() => server[Symbol.asyncDispose]())

  test('make one call for each addition', async () => {
    await using two = await openTwo()
    two.service.setReply(honest)
    await two.addAll(300)
    await allSettled(two.here.store)
    assertCalledOnce(two.service, 300)
    assert.deepEqual([...two.here.facts.troubles, ...two.there.facts.troubles], [])
    assert.ok(two.here.facts.calls.length > 0 && two.there.facts.calls.length > 0)
  })

  test('make no calls while the breaker is open, and continue when it closes', async () => {
    await using two = await openTwo()
    const { service, here, addAll } = two
    service.setBreaker('open')
    service.setReply(honest)
    await addAll(50)
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(service.calls.length, 0)
    assert.equal((await here.store.countJobs(clock.now())).leased, 0)
    service.setBreaker('closed')
    await allSettled(here.store)
    assertCalledOnce(service, 50)
  })

  test('take the jobs from the store while Redis is down, and from Redis when it is up again', async () => {
    await using two = await openTwo()
    const { service, here, there, addAll } = two
    service.setReply(honest)
    await server.kill()
    await until('it is noticed', () => !here.queue.isUp() && !there.queue.isUp())
    await addAll(100)
    await allSettled(here.store)
    assertCalledOnce(service, 100)
    await server.start()
    await until('it is up', () => here.queue.isUp() && there.queue.isUp())
    await addAll(100)
    await allSettled(here.store)
    assertCalledOnce(service, 200)
  })

  test('settle all jobs that Redis has lost, within a few leases', async () => {
    await using two = await openTwo()
    const { service, here, addAll } = two
    service.setBreaker('open')
    service.setReply(honest)
    await addAll(100)
    const free = () => two.session.ask('select id from jobs where handed_at is null')
    await until('all are handed over', async () => (await free()).length === 0)
    await server.flushAll()
    service.setBreaker('closed')
    const startedAt = clock.now()
    await allSettled(here.store)
    assert.ok(clock.now() - startedAt < 3 * leaseMs + 3_000)
    assertCalledOnce(service, 100)
  })
})
