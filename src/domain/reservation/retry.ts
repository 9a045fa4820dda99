// When a job is tried again, and when it is given up.

export type RetryPolicy = {
  readonly baseMs: number
  readonly capMs: number
  readonly giveUpAfterMs: number
}

export type Retry =
  | { readonly kind: 'again'; readonly dueAt: number }
  | { readonly kind: 'give-up' }

export type FailedAttempt = {
  /** When the job was first due; giving up counts from here. */
  readonly since: number
  readonly attempts: number
  readonly at: number
  /** What `Retry-After` asked for, 0 if nothing. */
  readonly retryAfterMs: number
  /** Uniform in [0, 1). */
  readonly random: number
}

/**
 * Full-jitter exponential backoff: a time drawn evenly from zero to the doubled bound, so that jobs
 * that failed together do not return together. `Retry-After` is the least, also beyond the cap.
 */
export const retry = (policy: RetryPolicy, attempt: FailedAttempt): Retry => {
  if (attempt.at - attempt.since >= policy.giveUpAfterMs) return { kind: 'give-up' }
  // 2^30 times any base is beyond every cap; more would overflow to Infinity.
  const doublings = Math.min(Math.max(0, attempt.attempts - 1), 30)
  const boundMs = Math.min(policy.capMs, policy.baseMs * 2 ** doublings)
  const waitMs = Math.max(attempt.retryAfterMs, Math.round(boundMs * attempt.random))
  return { kind: 'again', dueAt: attempt.at + waitMs }
}
