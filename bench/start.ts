// How long the service takes from its start to being ready, and how much memory it holds when idle.
import { setTimeout as wait } from 'node:timers/promises'
import { median } from './latencies.ts'
import { sendAll } from './load.ts'
import { openFolder, readRss, startService, startSimulator } from './processes.ts'
import { fixed, toTable, whole } from './table.ts'
import { fillReaders } from './workloads.ts'

export type StartOptions = {
  readonly starts: number
  readonly say: (line: string) => void
}

const latencyMs = 30_000
const idleMs = 5_000
const existingCarts = 1_000
const pollMs = 2
const aims = { readyMs: 500, idleMb: 110 }

export const runStarts = async ({
  starts,
  say,
}: StartOptions): Promise<{ readonly text: string; readonly errors: number }> => {
  using folder = openFolder()
  await using simulator = await startSimulator(folder.path, latencyMs)
  const open = (name: string) =>
    startService({
      folder: folder.path,
      databaseUrl: `sqlite:${folder.path}/${name}.db`,
      reservationServiceUrl: simulator.url,
    })

  const measure = async (toName: (start: number) => string) => {
    const times: number[] = []
    for (let start = 0; start < starts; start += 1) {
      const startedAt = performance.now()
      await using service = await open(toName(start))
      await untilReady(service.url)
      times.push(performance.now() - startedAt)
      say(`ready after ${fixed(times.at(-1) ?? 0, 0)} ms`)
    }
    return times
  }
  const fresh = await measure((start) => `fresh-${start}`)
  {
    await using service = await open('existing')
    const { errors } = await sendAll(service.url, fillReaders(existingCarts), 32)
    if (errors > 0) throw new Error(`${errors} adds failed`)
  }
  const existing = await measure(() => 'existing')
  say(`waiting ${idleMs} ms for the memory of an idle service`)
  await using idle = await open('idle')
  await untilReady(idle.url)
  await wait(idleMs)
  const { nowMb } = readRss(idle)

  const toRow = (what: string, times: readonly number[]) => [
    what,
    `${whole(median(times))} ms`,
    `${whole(Math.min(...times))}–${whole(Math.max(...times))} ms`,
    `${aims.readyMs} ms`,
  ]
  const rows = [
    toRow('start to ready, new database', fresh),
    toRow(`start to ready, database of ${whole(existingCarts)} carts`, existing),
    [`memory, idle for ${idleMs / 1_000} s`, `${whole(nowMb)} MiB`, '', `${aims.idleMb} MiB`],
  ]
  return { text: toTable(['what', `median of ${starts}`, 'range', 'at most'], rows), errors: 0 }
}

const readyWithinMs = 30_000

const untilReady = async (url: string): Promise<void> => {
  const until = performance.now() + readyWithinMs
  while (performance.now() < until) {
    const { status } = await fetch(`${url}/ready`)
    if (status === 200) return
    await wait(pollMs)
  }
  throw new Error('the service did not become ready')
}
