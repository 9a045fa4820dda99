// The embedded store: one SQLite file, owned by this process, worked on by a thread of its own so that
// fsync and SQL take no time from requests.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { CartError } from '../../../domain/errors.ts'
import { reasonOf } from '../../../platform/reason-of.ts'
import type { Store } from '../../../ports/store.ts'
import { toEntry } from '../rows/journal-row.ts'
import { toOlder } from '../rows/older-row.ts'
import { toChangeRows, toLoaded } from './change-rows.ts'
import { openReader } from './database.ts'
import { openLoads } from './loads.ts'
import { type Call, closeMessage, type Opened, type Result } from './messages.ts'
import type { Method, Tables } from './tables.ts'

/** The file cannot be used; the message says why and what to do. */
export class StoreUnusableError extends Error {}

type Waiting = {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * `onLost`: the thread failed, which is a defect; nothing is answered from then on, and what was
 * acknowledged is on disk.
 * @throws StoreUnusableError when the file is held by another service, foreign, newer or unwritable.
 */
export const openSqliteStore = async (
  path: string,
  onLost: (error: Error) => void = () => {},
): Promise<Store> => {
  const thread = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: { path },
    execArgv: [],
  })
  const [answer] = (await once(thread, 'message')) as [Opened]
  if (!answer.opened) throw new StoreUnusableError(answer.reason)
  await using stack = new AsyncDisposableStack()
  const { call, refuse, close } = talkTo(thread, onLost)
  stack.defer(close)
  const commit = call('commit')
  const reader = openReader(path)
  // Closed first, so that the thread's is the last connection: it then leaves all in the one file.
  stack.defer(() => reader.close())
  const loads = openLoads(reader)
  const opened = stack.move()
  return {
    name: 'sqlite',
    durability: 'durable',
    ownership: 'sole',
    handOver: null,
    load: (cartId, keys) => orUnavailable(() => toLoaded(cartId, loads.load(cartId, keys))),
    loadOlder: (cartId, itemId) => orUnavailable(() => toOlder(loads.loadOlder(cartId, itemId))),
    commit: (change) => commit(toChangeRows(change)),
    readJournal: call('readJournal', (rows) => rows.map(toEntry)),
    claimJobs: call('claimJobs'),
    putBackJobs: call('putBackJobs'),
    beat: call('beat'),
    findJob: call('findJob'),
    listBuried: call('listBuried'),
    countJobs: call('countJobs'),
    sweep: call('sweep'),
    check: call('check'),
    [Symbol.asyncDispose]: () => {
      refuse()
      return opened.disposeAsync()
    },
  }
}

// What is called in one turn of the event loop travels together, but no more than this waits for the end of
// a long turn: the thread works on the first calls while the turn goes on, and takes all messages that it
// finds into one group. Without it the two threads took turns: 10,400 instead of 13,400 adds per second.
const callsPerMessage = 8

const talkTo = (thread: Worker, onLost: (error: Error) => void) => {
  let unsent: Call[] = []
  const waiting: Waiting[] = []
  let state: 'open' | 'closing' | 'closed' = 'open'

  const send = () => {
    if (unsent.length === 0 || state === 'closed') return
    thread.postMessage(JSON.stringify(unsent))
    unsent = []
  }
  // Answers come in the order of the calls.
  thread.on('message', (text: string) => {
    const results = JSON.parse(text) as readonly Result[]
    for (const result of results) {
      const call = waiting.shift()
      if ('error' in result) call?.reject(unavailable(result.error))
      else take(call, result.value)
    }
  })
  const take = (call: Waiting | undefined, value: unknown) => {
    try {
      call?.resolve(value)
    } catch (error) {
      // A row that cannot be read is the trouble of its caller, not of the calls behind it.
      call?.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }
  const lose = (reason: string) => {
    state = 'closed'
    for (const call of waiting.splice(0)) call.reject(unavailable(reason))
  }
  thread.on('error', (error: Error) => {
    lose(`its thread failed: ${error.message}`)
    onLost(error)
  })
  thread.on('exit', () => lose('it is closed'))

  const call =
    <Name extends Method, Value = ReturnType<Tables[Name]>>(
      method: Name,
      decode?: (value: ReturnType<Tables[Name]>) => Value,
    ) =>
    (...args: Parameters<Tables[Name]>): Promise<Value> =>
      new Promise((resolve, reject) => {
        if (state !== 'open') return reject(unavailable('it is closed'))
        if (unsent.length === 0) setImmediate(send)
        unsent.push({ method, args })
        const take = (value: unknown) => {
          const answer = value as ReturnType<Tables[Name]>
          resolve(decode === undefined ? (answer as Value) : decode(answer))
        }
        waiting.push({ resolve: take, reject })
        if (unsent.length >= callsPerMessage) send()
      })

  /** Calls are refused from now on; those before are carried out. */
  const refuse = () => {
    if (state === 'open') state = 'closing'
  }
  const close = async (): Promise<void> => {
    refuse()
    if (state === 'closed') return
    if (unsent.length > 0) thread.postMessage(JSON.stringify(unsent))
    unsent = []
    const gone = once(thread, 'exit')
    thread.postMessage(closeMessage)
    await gone
  }
  return { call, refuse, close }
}

// A few pages, mostly in memory: less work than asking the other thread, and no wait for its fsync.
const orUnavailable = async <T>(work: () => T): Promise<T> => {
  try {
    return work()
  } catch (error) {
    throw unavailable(reasonOf(error))
  }
}

const unavailable = (reason: string): CartError =>
  new CartError('store-unavailable', `The store did not answer (${reason}); try again.`)
