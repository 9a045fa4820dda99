// A worker over a store: the job runner with a handler for its outcomes, on a clock that is moved.

import type { JobSettings } from '../../src/application/carry-out.ts'
import type { Clock } from '../../src/application/clock.ts'
import { type CommandHandler, handleCommands } from '../../src/application/handle-command.ts'
import { takeFromStore } from '../../src/application/job-source.ts'
import { type JobRunner, runJobs } from '../../src/application/run-jobs.ts'
import { keepWarmCarts } from '../../src/application/warm-carts.ts'
import type { Cart, CartId } from '../../src/domain/cart.ts'
import type { Job, Store } from '../../src/ports/store.ts'
import { ada, noon } from '../support/store-changes.ts'
import { until } from '../support/store-processes.ts'
import type { Service } from './fake-service.ts'
import { type Facts, openRecorder } from './recorder.ts'
import { type Asked, toRequest } from './requests.ts'

export type HeldClock = Clock & { advance(ms: number): void }

/** Stands still until it is moved; draws the middle of every range. */
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
  /** Something a shopper asks, now. */
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
  const commands = handleCommands({
    store,
    warmCarts: keepWarmCarts(1_000_000),
    reporter,
    onJobs: () => runner?.nudge(),
  })
  runner = runJobs(
    { store, client, commands, clock, reporter },
    { ...settings, ...differently },
    takeFromStore(store, clock),
  )
  const { stop } = runner
  return {
    runner,
    commands,
    clock,
    facts,
    ask: (asked, cartId = ada) => {
      const request = toRequest(asked)
      const command = { ...request.command, at: clock.now() }
      return commands.handle(cartId, { ...request, command })
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
    [Symbol.asyncDispose]: () => stop(0),
  }
}
