// Queues on a Redis of the test's own, and taking what comes out of them.
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

type Opened = JobQueue & { readonly troubles: readonly Error[]; readonly heard: () => number }

export const open = (prefix: string, isWorker = true): Opened => {
  const troubles: Error[] = []
  let heard = 0
  const queue = openRedisQueue({
    url: server.url,
    prefix,
    isWorker,
    onHints: () => {
      heard += 1
    },
    onTrouble: (error) => troubles.push(error),
  })
  return { ...queue, troubles, heard: () => heard }
}

/** Queues of one installation, in the order: who puts, then the workers. */
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

/** Takes and is done with what comes, until there is as much. */
export const takeAll = async (queues: readonly JobQueue[], count: number): Promise<string[][]> => {
  const taken: string[][] = queues.map(() => [])
  await until(`${count} have come`, () => {
    for (const [place, queue] of queues.entries()) {
      queue.want(20)
      for (const hint of queue.take(20)) {
        taken[place]?.push(hint.id)
        hint.done()
      }
    }
    return taken.flat().length >= count
  })
  return taken
}

export const ids = (count: number, name = 'job') => times(count, (place) => `${name}-${place}`)
export const sorted = (taken: readonly (readonly string[])[]) => taken.flat().toSorted()
// Longer than a hint is on its way.
export const aWhileMs = 300
