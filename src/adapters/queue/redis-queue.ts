// The queue on Redis or Valkey, by BullMQ. It carries ids only and keeps nothing of its own: a hint is
// completed as soon as the worker asked the store for the job, so no call is held open in Redis.
import { Queue, WaitingError, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { withinTimeOr } from '../../platform/time-limit.ts'
import type { Hint, JobQueue } from '../../ports/job-queue.ts'

export type RedisQueueOptions = {
  readonly url: string
  /** Separates installations that share a server. */
  readonly prefix: string
  /** Whether this process takes jobs. */
  readonly isWorker: boolean
  /** Hints have come. */
  readonly onHints: () => void
  readonly onTrouble: (error: Error) => void
}

const queueName = 'jobs'
// Hints on their way to this worker at most; they are asked for in one statement.
const hintsMax = 200
const lookEveryMs = 1_000
// A hint whose worker says nothing for so long goes to another, at the second look of this interval. Until
// then Redis skips the job when it is handed over again; a hint is held for milliseconds.
const hintHeldMs = 2_000
// A server that takes longer counts as unavailable.
const answerWithinMs = 2_000

const closeWithinMs = 1_000

const reconnect = { retryStrategy: (tries: number) => Math.min(1_000, tries * 100) }

export const openRedisQueue = (options: RedisQueueOptions): JobQueue => {
  const connection = new Redis(options.url, {
    ...reconnect,
    connectTimeout: answerWithinMs,
    commandTimeout: answerWithinMs,
    // Fails at once while the server is unavailable; the jobs are in the store.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  })
  connection.on('error', () => {})
  const queue = new Queue(queueName, { connection, prefix: options.prefix })
  queue.on('error', () => {})
  const health = watch(connection, options.onTrouble)
  // While it is unavailable, every try to reach it fails: that has been reported once.
  const onTrouble = (error: Error) => health.isUp() && options.onTrouble(error)
  const hints = options.isWorker ? openHints({ ...options, onTrouble }) : null
  return {
    name: 'redis',
    isUp: health.isUp,
    put: async (ids) => {
      try {
        // Before it was ever reached, the library would wait for it.
        if (connection.status !== 'ready') throw new Error('Redis is unavailable')
        await queue.addBulk(
          ids.map((jobId) => ({ name: 'job', data: null, opts: { ...keep, jobId } })),
        )
      } catch (error) {
        health.failed()
        throw error
      }
    },
    take: (limit) => hints?.take(limit) ?? [],
    want: (count) => hints?.want(count),
    rest: () => hints?.rest(),
    [Symbol.asyncDispose]: async () => {
      health.stop()
      await hints?.close()
      await queue.close().catch(() => {})
      connection.disconnect()
    },
  }
}

const keep = { removeOnComplete: true, removeOnFail: true } as const

/** Asks every second; what fails in between counts as well. */
const watch = (connection: Redis, onTrouble: (error: Error) => void) => {
  let isUp = false
  const look = async () => {
    try {
      await connection.ping()
      isUp = true
    } catch (error) {
      if (isUp) onTrouble(error instanceof Error ? error : new Error(String(error)))
      isUp = false
    }
  }
  const timer = setInterval(() => void look(), lookEveryMs)
  connection.on('ready', () => void look())
  connection.on('close', () => {
    isUp = false
  })
  return {
    isUp: () => isUp,
    failed: () => {
      isUp = false
    },
    stop: () => clearInterval(timer),
  }
}

type Came = { readonly id: string; done(): void; giveBack(): void }

const openHints = ({ url, prefix, onHints, onTrouble }: RedisQueueOptions) => {
  const connection = new Redis(url, { ...reconnect, maxRetriesPerRequest: null })
  connection.on('error', () => {})
  let came: Came[] = []
  const taken = new Set<Came>()
  let isResting = false

  const giveBack = (all: readonly Came[]) => {
    for (const each of all) each.giveBack()
  }
  const worker = new Worker(
    queueName,
    (job, token) =>
      new Promise<void>((resolve, reject) => {
        const { id } = job
        if (id === undefined) return resolve()
        const each: Came = {
          id,
          done: () => {
            taken.delete(each)
            resolve()
          },
          // To the front of the queue: others may be able to use it.
          giveBack: () => void job.moveToWait(token).then(() => reject(new WaitingError()), reject),
        }
        if (isResting) return each.giveBack()
        came.push(each)
        onHints()
      }),
    {
      connection,
      prefix,
      concurrency: 1,
      lockDuration: hintHeldMs,
      stalledInterval: hintHeldMs,
      maxStalledCount: 1_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      runRetryDelay: 1_000,
    },
  )
  worker.on('error', onTrouble)

  return {
    take: (limit: number): readonly Hint[] => {
      const hints = came.splice(0, limit)
      for (const each of hints) taken.add(each)
      return hints
    },
    want: (count: number) => {
      worker.concurrency = Math.max(1, Math.min(hintsMax, count))
      if (!isResting) return
      isResting = false
      worker.resume().catch(onTrouble)
    },
    rest: () => {
      if (isResting) return
      isResting = true
      worker.pause(true).catch(onTrouble)
      giveBack(came)
      came = []
    },
    close: async () => {
      isResting = true
      giveBack(came)
      came = []
      for (const each of taken) each.done()
      // Without the server there is no answer to wait for; one that hangs looks as if it were there.
      await withinTimeOr(closeWithinMs, worker.close(connection.status !== 'ready'), null)
      connection.disconnect()
    },
  }
}
