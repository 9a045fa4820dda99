// Many slow calls open at once: adds come at the rate at which calls end, and the service must stay
// as fast as without them.
import { assertFilesFor, readState, sampleInFlight } from './calls.ts'
import { median } from './latencies.ts'
import { runAtRate } from './load.ts'
import { openFolder, readRss, startService, startSimulator } from './processes.ts'
import { fixed, toTable, whole } from './table.ts'
import { addsToNew } from './workloads.ts'

export type ReservationsOptions = {
  readonly inFlight: number
  readonly seconds: number
  readonly say: (line: string) => void
}

const latencyMs = 30_000
// A little more than calls end, so that every place for a call stays taken.
const surplus = 1.01
const connections = 64
const aims = { rssMb: 512, p99Ms: 20 }

export const runReservations = async ({
  inFlight,
  seconds,
  say,
}: ReservationsOptions): Promise<{ readonly text: string; readonly errors: number }> => {
  assertFilesFor(inFlight)
  using folder = openFolder()
  await using simulator = await startSimulator(folder.path, latencyMs)
  await using service = await startService({
    folder: folder.path,
    databaseUrl: `sqlite:${folder.path}/cart.db`,
    reservationServiceUrl: simulator.url,
    env: { RESERVATION_CONCURRENCY: String(inFlight) },
  })
  const perSecond = (inFlight * 1_000 * surplus) / latencyMs
  const fillSeconds = latencyMs / 1_000 + 3
  const requests = addsToNew(Math.ceil(perSecond * (fillSeconds + seconds)) + 10).values()

  say(`filling for ${fillSeconds} s at ${fixed(perSecond, 1)} adds per second`)
  const filled = await runAtRate(service.url, requests, {
    perSecond,
    seconds: fillSeconds,
    connections,
  })
  const before = await readState(service)
  const sampling = sampleInFlight([simulator], say)
  say(`measuring for ${seconds} s`)
  const adds = await runAtRate(service.url, requests, { perSecond, seconds, connections })
  const samples = await sampling.stop()
  const after = await readState(service)
  const settled = (after.settled - before.settled) / ((after.at - before.at) / 1_000)
  const cpuShare = (after.cpuMs - before.cpuMs) / (after.at - before.at)
  const { peakMb } = readRss(service)
  const idle = '–'
  const rows = [
    ['calls in flight, median', whole(median(samples)), whole(inFlight)],
    ['calls in flight, lowest', whole(Math.min(...samples)), idle],
    ['reservations settled per second', fixed(settled, 1), fixed(inFlight / 30, 1)],
    ['other outcomes of calls', whole(after.others - before.others), '0'],
    ['adds sent per second', fixed(perSecond, 1), idle],
    ['adds, p50', `${fixed(adds.p50Ms, 1)} ms`, idle],
    ['adds, p99', `${fixed(adds.p99Ms, 1)} ms`, `${aims.p99Ms} ms`],
    ['memory of the service, most ever', `${whole(peakMb)} MiB`, `${aims.rssMb} MiB`],
    ['of these, heap of the main thread', `${whole(after.heapMb)} MiB`, idle],
    ['event loop delay, p99', `${fixed(after.loopP99Ms, 1)} ms`, idle],
    ['cores used by the service', fixed(cpuShare, 2), idle],
  ]
  return {
    text: `${toTable(['what', 'measured', 'aim'], rows)}
Measured for ${seconds} s after ${fillSeconds} s of filling. Latencies of adds count from the
time at which they were meant to be sent. The event loop delay is nodejs_eventloop_lag_p99_seconds, which looks
every 10 ms and counts these in: 10 ms stand for no delay.
`,
    errors: filled.errors + adds.errors,
  }
}
