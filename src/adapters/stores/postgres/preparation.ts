// What has to be done once before the store can be used. A server that cannot be reached is waited for: the
// service lives, is not ready, and keeps trying. A server that refuses us, or a schema that does not
// fit, is a mistake for a person to mend.

export type Preparation<T> = {
  /** Null until it is done. */
  result(): T | null
  stop(): void
}

const againMs = 1_000

const passing: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE'],
  ...['EHOSTUNREACH', 'ENETUNREACH'],
  // Starting up, shutting down, out of connections.
  ...['57P01', '57P02', '57P03', '53300'],
])

export const isUnreachable = (error: unknown): boolean => {
  if (error instanceof AggregateError) return error.errors.every(isUnreachable)
  if (!(error instanceof Error)) return false
  const { code } = error as { readonly code?: string }
  if (code === undefined) return /timeout|terminated/i.test(error.message)
  return passing.has(code) || code.startsWith('08')
}

/**
 * @throws what `work` throws at its first try, unless the server just cannot be reached.
 */
export const prepare = async <T>(
  work: () => Promise<T>,
  onTrouble: (error: unknown) => void,
): Promise<Preparation<T>> => {
  let result: T | null = null
  let timer: NodeJS.Timeout | null = null
  let isStopped = false
  const again = () => {
    timer = setTimeout(() => {
      work().then((value) => {
        result = value
      }, retry)
    }, againMs)
  }
  let said = ''
  const retry = (error: unknown) => {
    if (isStopped) return
    // Once for each reason, not every second.
    if (String(error) !== said) onTrouble(error)
    said = String(error)
    again()
  }
  try {
    result = await work()
  } catch (error) {
    if (!isUnreachable(error)) throw error
    retry(error)
  }
  return {
    result: () => result,
    stop: () => {
      isStopped = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}
