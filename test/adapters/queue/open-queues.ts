// Queues on a Redis server of the tests, and taking the hints that come out of them.
import { openRedisQueue } from '../../../src/adapters/queue/redis-queue.ts'
import type { JobQueue } from '../../../src/ports/job-queue.ts'
import { times } from '../../application/over-stores.ts'
import { type RedisServer, startRedis } from '../../support/server-redis.ts'
import { until } from '../../support/store-processes.ts'

export let server: RedisServer
let prefixes = 0

/** For all the tests of a file: before and after them. */
export const startServer = async (): Promise<void> => {
  server = await startRedis()
}

type Opened = JobQueue & { readonly troubles: readonly Error[]; readonly notified: () => number }

export const open = (prefix: string, isWorker = true): Opened => {
  const troubles: Error[] = []
  let notified = 0
  const queue = openRedisQueue({
    url: server.url,
    prefix,
    isWorker,
    onHints: () => {
      notified += 1
    },
    onTrouble: (error) => troubles.push(error),
  })
  return { ...queue, troubles, notified: () => notified }
}

/** Queues of one installation: one that only puts ids, and those of the workers. */
export const openAll = async (workers: number) => {
  prefixes += 1
  const prefix = `test${prefixes}`
  const stack = new AsyncDisposableStack()
  const putter = stack.use(open(prefix, false))
  const opened = times(workers, () => stack.use(open(prefix)))
  await Promise.all([putter, ...opened].map((queue) => untilUp(queue)))
  return { prefix, putter, workers: opened, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

export const untilUp = (queue: JobQueue, isUp = true) =>
  until(isUp ? 'it is up' : 'it is down', () => queue.isUp() === isUp)

/** Takes hints and marks them as done, until so many have come. */
export const takeAll = async (queues: readonly JobQueue[], count: number): Promise<string[][]> => {
  const taken: string[][] = queues.map(() => [])
  await until(`${count} have come`, () => {
    for (const [index, queue] of queues.entries()) {
      queue.want(20)
      for (const hint of queue.take(20)) {
        taken[index]?.push(hint.id)
        hint.done()
      }
    }
    return taken.flat().length >= count
  })
  return taken
}

export const ids = (count: number, name = 'job') => times(count, (index) => `${name}-${index}`)
export const sorted = (taken: readonly (readonly string[])[]) => taken.flat().toSorted()
// Longer than a hint takes to arrive.
export const aWhileMs = 300
