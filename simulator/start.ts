// Starts a reservation simulator in this process: what main.ts and the tests share. Start reading
// here.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { buildRandom } from './faults.ts'
import { type LedgerView, openLedger } from './ledger.ts'
import { listen } from './listen.ts'
import { changeLive, fillOptions, type LiveOptions, type SimulatorOptions } from './options.ts'
import { buildRoutes } from './routes.ts'
import { buildCounters, type Stats } from './stats.ts'
import { buildTimers } from './timers.ts'
import type { World } from './world.ts'

export interface Simulator extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly seed: number
  readonly ledger: LedgerView
  /** Live: read it again for newer counts. */
  readonly stats: Stats
  readonly settings: LiveOptions
  /**
   * Holds for calls that arrive from now on.
   * @throws OptionsError and changes nothing
   */
  configure(changes: Partial<LiveOptions>): void
  /** Ends at once: open calls lose their answer, and their effect unless it was just due. */
  [Symbol.asyncDispose](): Promise<void>
}

const turnsMax = 100
const seedMax = 2 ** 32 - 1

/**
 * Without options: keyed, on a free port of 127.0.0.1, with a volatile ledger, the latency of the
 * program and no faults.
 * @throws OptionsError, ListenError or LedgerError
 */
export async function startSimulator(given: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const options = fillOptions(given)
  const seed = options.seed ?? randomInt(seedMax)
  const server = await listen(options.port, options.host)
  try {
    const world: World = {
      grade: options.grade,
      live: options,
      ledger: openLedger(options.ledger, options.grade === 'keyed'),
      counters: buildCounters(),
      random: buildRandom(seed),
      timers: buildTimers(),
      report: (line) => process.stderr.write(`reservation simulator: ${line}\n`),
    }
    // No request is lost meanwhile: there was no turn of the event loop since the port opened.
    server.on('request', buildRoutes(world))
    const { port } = server.address() as AddressInfo
    return toSimulator(world, { seed, port, host: options.host, close: () => closeServer(server) })
  } catch (cause) {
    server.close()
    throw cause
  }
}

function closeServer(server: Awaited<ReturnType<typeof listen>>): Promise<unknown> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  return closed
}

function toUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

type Place = {
  readonly seed: number
  readonly port: number
  readonly host: string
  readonly close: () => Promise<unknown>
}

function toSimulator(world: World, { seed, port, host, close }: Place): Simulator {
  let closing: Promise<void> | undefined
  const closeOnce = async () => {
    world.timers.clear()
    await close()
    // The server counts as closed a little before its connections tell that they are.
    for (let turn = 0; turn < turnsMax && world.counters.inFlight > 0; turn += 1) await nextTurn()
    world.ledger[Symbol.dispose]()
  }
  return {
    url: toUrl(host, port),
    port,
    seed,
    ledger: world.ledger,
    stats: world.counters,
    get settings() {
      return world.live
    },
    configure(changes) {
      world.live = changeLive(world.live, changes)
    },
    [Symbol.asyncDispose]() {
      closing ??= closeOnce()
      return closing
    },
  }
}
