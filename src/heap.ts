// How much room the heap takes beyond what it holds.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * The heap may grow by half before it is collected as a whole. By default it may grow to several times
 * what it holds: with 10,000 calls open, 115 MB alive took 448 MB.
 */
export const boundHeapGrowth = (): void => setFlagsFromString('--heap-growing-percent=50')

/** After the start the heap holds room that only loading needed; one collection gives it back. */
export const settleHeap = (): void => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort' })
}
