// How much room the heap takes beyond what it holds.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Config } from '../config/read-config.ts'

/**
 * The heap may grow by so much before it is collected as a whole. By default it may grow to several times
 * what it holds: with 10,000 calls open, 115 MB alive took 448 MB. A worker holds most and makes least:
 * with 15,000 calls open 503 MiB at 20 %, 556 MiB at 50 %.
 */
export const boundHeapGrowth = (role: Config['role']): void =>
  setFlagsFromString(`--heap-growing-percent=${role === 'worker' ? 20 : 50}`)

/** After the start the heap holds room that only loading needed; one collection gives it back. */
export const settleHeap = (): void => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort' })
}
