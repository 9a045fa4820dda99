// Tries again while the store is unavailable or a cart is busy: what a call brought to light is kept
// meanwhile, instead of being asked for again.
import { CartError, type ErrorCode } from '../../domain/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Reporter } from '../../ports/reporter.ts'

const passing: ReadonlySet<ErrorCode> = new Set(['store-unavailable', 'cart-busy'])

const waitMaxMs = 5_000

/** @throws what does not pass by itself; after `signal` is aborted, also the first trouble that does. */
export const retryWhileUnavailable = async (
  { clock, reporter }: { readonly clock: Clock; readonly reporter: Reporter },
  signal: AbortSignal,
  what: string,
  work: () => Promise<void>,
): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      const passes = error instanceof CartError && passing.has(error.code)
      if (!passes || (signal.aborted && tries > 1)) throw error
      reporter.troubled(what, error)
      const boundMs = Math.min(waitMaxMs, 100 * 2 ** Math.min(tries, 10))
      await clock.sleep(boundMs * (0.5 + clock.random() / 2))
    }
  }
}
