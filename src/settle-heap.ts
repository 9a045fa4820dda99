// After the start the heap holds room that only loading needed; one collection gives it back.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export const settleHeap = (): void => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort' })
}
