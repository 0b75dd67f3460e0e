/**
 * A signal that aborts with `timeout` or, if there is one, with `signal`: the first of them gives its reason.
 *
 * AbortSignal.any alone does not do it: it refers to its sources weakly, and Node.js 20 keeps a timeout only while it has a listener of
 * its own (nodejs/node issue 57736). Between two garbage collections such a time-out is gone, and what waits for it waits forever.
 *
 * @param timeout of AbortSignal.timeout
 */
export function withTimeout(timeout: AbortSignal, signal: AbortSignal | undefined): AbortSignal {
  if (signal === undefined) return timeout
  // The listener keeps `timeout` and, as part of what it refers to, `signal`, which may be a timeout itself.
  timeout.addEventListener('abort', () => signal.aborted, { once: true })
  return AbortSignal.any([timeout, signal])
}
