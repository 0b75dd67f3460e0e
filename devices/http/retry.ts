/** When a call may be tried again and how long to wait. All times in milliseconds. */
export interface RetryPolicy {
  /** Attempts after the first. */
  readonly retries: number
  readonly firstDelayMs: number
  readonly longestDelayMs: number
  /** A Retry-After beyond this is not waited for: the error tells it instead. */
  readonly longestRetryAfterMs: number
  /** From 0 to 1. */
  readonly random: () => number
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

export const DEFAULT_RETRY: Omit<RetryPolicy, 'retries'> = {
  firstDelayMs: 400,
  longestDelayMs: 20_000,
  longestRetryAfterMs: 60_000,
  random: Math.random,
  sleep,
}

/** Replies that say "later" (RFC 9110, RFC 6585). The call itself decides whether it may be repeated. */
export const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/** The service says that it has not done anything: even a call that must not be repeated may be sent again (RFC 6585 section 4). */
export const NOTHING_DONE_STATUSES: ReadonlySet<number> = new Set([429])

/**
 * Exponential backoff with jitter over the upper half, so that several agents do not return together and none returns at once.
 * A Retry-After counts when it is longer. Undefined: give up. `attempt` counts from 1.
 */
export function delayBeforeRetry(policy: RetryPolicy, attempt: number, retryAfterMs?: number): number | undefined {
  if (attempt > policy.retries) return undefined
  if (retryAfterMs !== undefined && retryAfterMs > policy.longestRetryAfterMs) return undefined
  const ceiling = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (attempt - 1))
  return Math.max(retryAfterMs ?? 0, Math.round(ceiling * (0.5 + policy.random() / 2)))
}

/** Retry-After as seconds or as an HTTP date (RFC 9110, 10.2.3), in milliseconds from `now`; undefined where unreadable. */
export function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value.trim())) return Number(value.trim()) * 1000
  // Date.parse reads almost anything; an HTTP date begins with the name of a day.
  const date = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** Rejects with the signal's reason when it aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
