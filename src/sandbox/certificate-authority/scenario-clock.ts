/** A clock that starts where it is told and runs `speed` times as fast as the real one: hours of waiting in seconds. */
export function scenarioClock(start: number, speed: number, real: () => number = Date.now): () => number {
  const began = real()
  return () => start + (real() - began) * speed
}
