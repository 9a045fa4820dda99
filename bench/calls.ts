// What is seen of slow calls from outside: in the metrics of a service, and in the simulators.
import { setTimeout as wait } from 'node:timers/promises'
import { limitOfOpenFiles, readCpu, type Target } from './processes.ts'

// Connections of the load, sockets of libraries, files.
const filesBeside = 1_000
const sampleEveryMs = 2_000

/** @throws Error when a process could not open so many calls. */
export const assertFilesFor = (calls: number): void => {
  const files = limitOfOpenFiles()
  if (files >= calls + filesBeside) return
  throw new Error(
    `a process may open ${files} files here; ${calls} calls need ${calls + filesBeside}: ` +
      'raise ulimit -n, or set --in-flight lower',
  )
}

export type State = {
  readonly at: number
  readonly cpuMs: number
  readonly settled: number
  /** Calls that ended otherwise than in a hold. */
  readonly others: number
  readonly heapMb: number
  readonly loopP99Ms: number
}

/** Reading resets the delay of the event loop. */
export const readState = async (service: Target): Promise<State> => {
  const response = await fetch(`${service.url}/metrics`)
  const lines = (await response.text()).split('\n')
  const sum = (wanted: (line: string) => boolean) =>
    lines.filter(wanted).reduce((total, line) => total + Number(line.split(' ').at(-1)), 0)
  const calls = (line: string) => line.startsWith('reservation_call_duration_seconds_count')
  const isHold = (line: string) => line.includes('outcome="reserved"')
  return {
    at: performance.now(),
    cpuMs: readCpu(service).allMs,
    settled: sum((line) => calls(line) && isHold(line)),
    others: sum((line) => calls(line) && !isHold(line)),
    heapMb: sum((line) => line.startsWith('nodejs_heap_size_total_bytes ')) / 1_048_576,
    loopP99Ms: sum((line) => line.startsWith('nodejs_eventloop_lag_p99_seconds')) * 1_000,
  }
}

const readInFlight = async ({ url }: Target): Promise<number> =>
  ((await (await fetch(`${url}/stats`)).json()) as { in_flight: number }).in_flight

/** As the simulators count them: from a whole request to the end of its answer. */
export const sampleInFlight = (simulators: readonly Target[], say: (line: string) => void) => {
  const samples: number[] = []
  const stop = new AbortController()
  const run = async () => {
    while (!stop.signal.aborted) {
      const counts = await Promise.all(simulators.map(readInFlight))
      const sum = counts.reduce((total, count) => total + count, 0)
      samples.push(sum)
      if (samples.length % 5 === 0) say(`${sum} calls in flight`)
      await wait(sampleEveryMs, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const done = run()
  return {
    stop: async (): Promise<readonly number[]> => {
      stop.abort()
      await done
      return samples
    },
  }
}
