// A worker over a store: the job runner with a handler for its outcomes, on a clock that is moved.

import { openAnyProductCatalog } from '../../src/adapters/catalogs/any-product.ts'
import { changeCarts } from '../../src/application/carts/change-cart.ts'
import { type CommandHandler, handleCommands } from '../../src/application/carts/handle-command.ts'
import { keepWarmCarts } from '../../src/application/carts/warm-carts.ts'
import type { JobSettings } from '../../src/application/jobs/carry-out.ts'
import { takeFromStore } from '../../src/application/jobs/job-source.ts'
import { type JobRunner, runJobs } from '../../src/application/jobs/run-jobs.ts'
import type { Cart } from '../../src/domain/cart/cart.ts'
import type { CartId } from '../../src/domain/ids.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Job, Store } from '../../src/ports/store.ts'
import { ada, noon } from '../support/store-changes.ts'
import { until } from '../support/store-processes.ts'
import type { Service } from './fake-service.ts'
import { orThrow, toCloned } from './handler.ts'
import { type Facts, openRecorder } from './recorder.ts'
import { type Asked, encoders, toRequest } from './requests.ts'

export type HeldClock = Clock & { advance(ms: number): void }

/** Does not move until it is advanced; draws the middle of every range. */
export const holdClock = (): HeldClock => {
  let now = noon + 1_000_000
  let ids = 0
  return {
    now: () => now,
    random: () => 0.5,
    newId: () => {
      ids += 1
      return `w${String(ids).padStart(8, '0')}`
    },
    // Waits in real time, whatever the clock shows.
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    advance: (ms) => {
      now += ms
    },
  }
}

export interface Worker extends AsyncDisposable {
  readonly runner: JobRunner
  readonly commands: CommandHandler
  readonly clock: HeldClock
  readonly facts: Facts
  /** A request of a shopper, now. */
  ask(asked: Asked, cartId?: CartId): Promise<unknown>
  cart(): Promise<Cart>
  /** The job as the store has it, once it is as expected. */
  jobWhen(id: string, isAsExpected: (job: Job) => boolean): Promise<Job>
}

const settings: JobSettings = {
  workerId: 'worker',
  concurrency: 100,
  batchSize: 1,
  pollMs: 5,
  leaseMs: 30_000,
  callTimeoutMs: 60_000,
  retry: { baseMs: 1_000, capMs: 8_000, giveUpAfterMs: 3_600_000 },
}

type Options = Partial<JobSettings> & { readonly clock?: HeldClock }

export const openWorker = (
  store: Store,
  { client }: Service,
  { clock = holdClock(), ...differently }: Options = {},
): Worker => {
  const { reporter, facts } = openRecorder()
  let runner: JobRunner | null = null
  const commands = toCloned(
    handleCommands({
      store,
      warmCarts: keepWarmCarts(1_000_000),
      encoders,
      reporter,
      now: clock.now,
      onJobs: () => runner?.nudge(),
    }),
  )
  const catalog = openAnyProductCatalog()
  const changeCart = changeCarts({ commands, catalog, clock, reserving: true })
  runner = runJobs(
    { store, client, changeCart, clock, reporter },
    { ...settings, ...differently },
    takeFromStore(store, clock),
  )
  const { stop } = runner
  return {
    runner,
    commands,
    clock,
    facts,
    ask: async (asked, cartId = ada) => {
      const request = toRequest(asked, {}, cartId)
      const command = { ...request.command, at: clock.now() }
      return orThrow(await commands.handle({ ...request, command }))
    },
    cart: () => store.load(ada, []).then(({ cart }) => cart),
    jobWhen: async (id, isAsExpected) => {
      let job: Job | null = null
      await until(`job ${id} is as expected`, async () => {
        job = await store.findJob(id)
        return job !== null && isAsExpected(job)
      })
      return job as unknown as Job
    },
    [Symbol.asyncDispose]: () => stop(AbortSignal.abort()),
  }
}
