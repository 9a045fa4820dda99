// What else runs on the machine: a measurement beside it is one of both.
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

const sampleMs = 400

const readBusyTicks = (): number => {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return user + nice + system + irq + softirq
}

/** Cores that are at work now, while nothing of ours is. */
export const readCoresBusy = async (): Promise<number> => {
  const before = readBusyTicks()
  await wait(sampleMs)
  return (readBusyTicks() - before) / (sampleMs / 10)
}

/** The cores that others still took when time was up, or fewer than `cores`. */
export const waitForQuiet = async (cores: number, withinMs: number): Promise<number> => {
  const until = performance.now() + withinMs
  for (;;) {
    const busy = await readCoresBusy()
    if (busy <= cores || performance.now() > until) return busy
  }
}
