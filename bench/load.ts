// Our own generator of load: what wrk cannot do (a constant rate, each request once), and what
// stands in for it where it is not installed.
import { openConnection } from './connection.ts'
import { keepLatencies, type Latencies } from './latencies.ts'
import { uniqueMark, type Workload } from './workloads.ts'

export type Result = {
  readonly answers: number
  /** Answers that are not 2xx, and connections that broke. */
  readonly errors: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

type Tally = { readonly latencies: Latencies; errors: number; firstError: string | null }

const startTally = (): Tally => ({ latencies: keepLatencies(), errors: 0, firstError: null })

const countAnswer = (tally: Tally, status: number, ms: number): void => {
  if (status >= 200 && status <= 299) tally.latencies.add(ms)
  else countError(tally, `status ${status}`)
}

const countError = (tally: Tally, what: string): void => {
  tally.errors += 1
  tally.firstError ??= what
}

const toResult = ({ latencies, errors, firstError }: Tally, seconds: number): Result => {
  if (firstError !== null) process.stderr.write(`first error: ${firstError}\n`)
  return {
    answers: latencies.count(),
    errors,
    seconds,
    p50Ms: latencies.percentile(0.5),
    p99Ms: latencies.percentile(0.99),
  }
}

/** Each request once, as fast as so many connections get answers. */
export const sendAll = (
  url: string,
  requests: readonly string[],
  connections: number,
): Promise<Result> => {
  const all = requests.values()
  return runClosed(url, connections, () => {
    const next = all.next()
    return next.done ? null : Buffer.from(next.value)
  })
}

/** A connection sends its next request when it has the answer to the one before. */
export const runWorkload = (
  url: string,
  workload: Workload,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<Result> => {
  const next = pickFrom(workload)
  const until = performance.now() + seconds * 1_000
  return runClosed(url, connections, () => (performance.now() < until ? next() : null))
}

const pickFrom = ({ requests, order }: Workload): (() => Buffer) => {
  const buffers = requests.map((request) => Buffer.from(request))
  const mark = requests[0]?.indexOf(uniqueMark) ?? -1
  let sent = 0
  return () => {
    const at =
      order === 'random'
        ? Math.floor(Math.random() * buffers.length)
        : Math.floor(sent / order) % buffers.length
    sent += 1
    const request = buffers[at] ?? Buffer.alloc(0)
    if (mark === -1) return request
    // Where the mark is differs from request to request.
    const text = request.toString('latin1')
    return Buffer.from(text.replace(uniqueMark, String(sent).padStart(uniqueMark.length, '0')))
  }
}

const runClosed = async (
  url: string,
  connections: number,
  next: () => Buffer | null,
): Promise<Result> => {
  const tally = startTally()
  const startedAt = performance.now()
  const runOne = async (): Promise<void> => {
    const ended = Promise.withResolvers<void>()
    let sentAt = 0
    const connection = await openConnection(url, {
      answered: (status) => {
        countAnswer(tally, status, performance.now() - sentAt)
        sendNext()
      },
      failed: (reason) => {
        countError(tally, reason)
        ended.resolve()
      },
    })
    const sendNext = () => {
      const request = next()
      if (request === null) return ended.resolve()
      sentAt = performance.now()
      connection.send(request)
    }
    sendNext()
    await ended.promise
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, runOne))
  return toResult(tally, (performance.now() - startedAt) / 1_000)
}

export type Rate = {
  readonly perSecond: number
  readonly seconds: number
  readonly connections: number
}

/**
 * At a constant rate, whether or not answers come: latencies count from the time at which a request
 * was meant to be sent.
 */
export const runAtRate = async (
  url: string,
  requests: Iterator<string>,
  { perSecond, seconds, connections }: Rate,
): Promise<Result> => {
  const tally = startTally()
  const idle: ((meantAt: number) => void)[] = []
  const due: number[] = []
  const open = await Promise.all(
    Array.from({ length: connections }, async () => {
      let meantAt = 0
      const send = (at: number) => {
        const next = requests.next()
        if (next.done) return countError(tally, 'there was no request left to send')
        meantAt = at
        connection.send(Buffer.from(next.value))
      }
      const connection = await openConnection(url, {
        answered: (status) => {
          countAnswer(tally, status, performance.now() - meantAt)
          const waiting = due.shift()
          if (waiting === undefined) idle.push(send)
          else send(waiting)
        },
        failed: (reason) => countError(tally, reason),
      })
      idle.push(send)
      return connection
    }),
  )
  const startedAt = performance.now()
  const total = Math.round(perSecond * seconds)
  let meant = 0
  while (meant < total) {
    const now = performance.now()
    for (; meant < total; meant += 1) {
      const at = startedAt + (meant * 1_000) / perSecond
      if (at > now) break
      // In turn: a server closes connections on which no request ever comes.
      const send = idle.shift()
      if (send === undefined) due.push(at)
      else send(at)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await answeredAll(tally, total)
  for (const connection of open) connection.close()
  return toResult(tally, (performance.now() - startedAt) / 1_000)
}

const answerWithinMs = 10_000

const answeredAll = async (tally: Tally, total: number): Promise<void> => {
  const until = performance.now() + answerWithinMs
  while (tally.latencies.count() + tally.errors < total && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const missing = total - tally.latencies.count() - tally.errors
  for (let at = 0; at < missing; at += 1) countError(tally, 'no answer')
}
