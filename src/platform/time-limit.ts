// Work that may take too long: an answer by a certain time, whatever becomes of the work.

export class TimeLimitError extends Error {}

/** What the work answers. @throws TimeLimitError when it takes longer; the work goes on unheard. */
export const withinTime = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new TimeLimitError(`no answer within ${ms} ms`)), ms)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
    // What comes of it later is not wanted any more, nor its failure.
    work.catch(() => {})
  }
}

/** What the work answers, or something else when it fails or takes longer. */
export const withinTimeOr = async <T, E>(
  ms: number,
  work: Promise<T>,
  other: E,
): Promise<T | E> => {
  try {
    return await withinTime(ms, work)
  } catch {
    return other
  }
}
