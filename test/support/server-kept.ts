// A server owned by a keeper process, which stops it and removes its folder when this process is gone.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { KeeperOptions, Look, Order, Reply } from './server-keeper.ts'

export interface KeptServer extends AsyncDisposable {
  /** Empty at first, and deleted when the server is disposed. */
  readonly folder: string
  /** @throws Error with the output when the program fails. */
  run(command: string, args: readonly string[]): Promise<void>
  /** Starts the server; it is ready when `isReady` returns true. @throws Error with its log if it ends before that. */
  launch(
    command: string,
    args: readonly string[],
    isReady: (pid: number) => boolean | Promise<boolean>,
  ): Promise<void>
  /** The end of the server by this signal. */
  signal(name: NodeJS.Signals): Promise<void>
  /** SIGKILL for the server and its children, and their end. */
  kill(): Promise<void>
  /** SIGSTOP for them: they hold their connections and answer nothing. */
  freeze(): Promise<void>
  thaw(): Promise<void>
}

const keeperPath = fileURLToPath(new URL('./server-keeper.ts', import.meta.url))
const readyMaxMs = 60_000

export const keepServer = async (options: KeeperOptions): Promise<KeptServer> => {
  const { PATH = '', TMPDIR } = process.env
  const keeper = fork(keeperPath, [JSON.stringify(options)], {
    // In a session of its own: Ctrl-C in the terminal is not for the keeper.
    detached: true,
    env: { PATH, ...(TMPDIR !== undefined && { TMPDIR }) },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const waiting = new Map<number, PromiseWithResolvers<Look | undefined>>()
  // Keeps this process alive only while an answer is due.
  const hold = () => (waiting.size > 0 ? keeper.channel?.ref() : keeper.channel?.unref())
  keeper.unref()
  const complaints: string[] = []
  keeper.stderr?.setEncoding('utf8').on('data', (text: string) => complaints.push(text))
  if (keeper.stderr instanceof Socket) keeper.stderr.unref()
  keeper.on('message', ({ id, look, error }: Reply) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    hold()
    if (error === undefined) asked?.resolve(look)
    else asked?.reject(new Error(error))
  })
  const fail = (why: string) => () => {
    const error = new Error(`the keeper ${why}: ${complaints.join('')}`)
    for (const asked of waiting.values()) asked.reject(error)
    waiting.clear()
  }
  keeper.once('error', fail('could not be started'))
  // `close` comes when all that it wrote is here.
  keeper.once('close', fail('has ended'))
  let asked = 0
  const ask = (order: Order): Promise<Look | undefined> => {
    const reply = Promise.withResolvers<Look | undefined>()
    const id = asked++
    waiting.set(id, reply)
    hold()
    keeper.send({ id, order }, (error) => error !== null && reply.reject(error))
    return reply.promise
  }
  const look = async (): Promise<Look> => {
    const seen = await ask({ kind: 'look' })
    if (seen === undefined) throw new Error('the keeper saw nothing')
    return seen
  }
  const { folder } = await look()
  const end = async () => {
    if (!keeper.connected) return
    await ask({ kind: 'end' })
    const exit = once(keeper, 'exit')
    keeper.ref()
    keeper.disconnect()
    await exit
  }
  return {
    folder,
    run: async (command, args) => void (await ask({ kind: 'run', command, args })),
    launch: async (command, args, isReady) => {
      await ask({ kind: 'launch', command, args })
      const deadline = Date.now() + readyMaxMs
      for (;;) {
        const { pid, log } = await look()
        if (pid === null) throw new Error(`${command} ended at once: ${log}`)
        if (await isReady(pid)) return
        if (Date.now() > deadline) throw new Error(`${command} is not ready: ${log}`)
        await sleep(20)
      }
    },
    signal: async (name) => void (await ask({ kind: 'signal', signal: name })),
    kill: async () => void (await ask({ kind: 'kill' })),
    freeze: async () => void (await ask({ kind: 'freeze' })),
    thaw: async () => void (await ask({ kind: 'thaw' })),
    [Symbol.asyncDispose]: end,
  }
}

/** A free port that stays free while its server is down: systems take none of these for outgoing connections. */
export const findServerPort = async (): Promise<number> => {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 15_000 + Math.floor(Math.random() * 15_000)
    if (await isFree(port)) return port
  }
  throw new Error('no free port found')
}

const isFree = async (port: number): Promise<boolean> => {
  const probe = createServer()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  probe.once('error', () => resolve(false))
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  return promise
}
