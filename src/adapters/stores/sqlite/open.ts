// The embedded store: one SQLite file, owned by this process, worked on by a thread of its own so that
// fsync and SQL take no time from requests.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { CartError } from '../../../domain/errors.ts'
import type { Store } from '../../../ports/store.ts'
import { type Call, closeMessage, type Opened, type Result } from './messages.ts'
import type { Method } from './tables.ts'

/** The file cannot be used; the message says why and what to do. */
export class StoreUnusableError extends Error {}

type Waiting = {
  readonly resolve: (value: never) => void
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
  const [opened] = (await once(thread, 'message')) as [Opened]
  if (!opened.opened) throw new StoreUnusableError(opened.reason)
  const { call, close } = talkTo(thread, onLost)
  return {
    name: 'sqlite',
    durability: 'durable',
    ownership: 'sole',
    load: call('load'),
    loadOlder: call('loadOlder'),
    commit: call('commit'),
    readJournal: call('readJournal'),
    claimJobs: call('claimJobs'),
    putBackJobs: call('putBackJobs'),
    beat: call('beat'),
    findJob: call('findJob'),
    listBuried: call('listBuried'),
    countJobs: call('countJobs'),
    sweep: call('sweep'),
    check: call('check'),
    [Symbol.asyncDispose]: close,
  }
}

const talkTo = (thread: Worker, onLost: (error: Error) => void) => {
  let unsent: Call[] = []
  const waiting: Waiting[] = []
  let state: 'open' | 'closed' = 'open'

  const send = () => {
    if (unsent.length > 0 && state === 'open') thread.postMessage(JSON.stringify(unsent))
    unsent = []
  }
  // Answers come in the order of the calls.
  thread.on('message', (text: string) => {
    for (const result of JSON.parse(text) as readonly Result[]) {
      const call = waiting.shift()
      if ('error' in result) call?.reject(unavailable(result.error))
      else call?.resolve(result.value as never)
    }
  })
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
    <Name extends Method>(method: Name) =>
    (...args: Parameters<Store[Name]>): ReturnType<Store[Name]> =>
      new Promise((resolve, reject) => {
        if (state === 'closed') return reject(unavailable('it is closed'))
        // What is called in one turn of the event loop travels in one message.
        if (unsent.length === 0) setImmediate(send)
        unsent.push({ method, args })
        waiting.push({ resolve, reject })
      }) as ReturnType<Store[Name]>

  const close = async (): Promise<void> => {
    if (state === 'closed') return
    send()
    const gone = once(thread, 'exit')
    thread.postMessage(closeMessage)
    await gone
  }
  return { call, close }
}

const unavailable = (reason: string): CartError =>
  new CartError('store-unavailable', `The store did not answer (${reason}); try again.`)
