import { describe, expect, it } from 'vitest'
import { DEFAULT_RETRY, delayBeforeRetry, type RetryPolicy, readRetryAfter, sleep } from './retry.ts'

const policy = (over: Partial<RetryPolicy> = {}): RetryPolicy => ({ ...DEFAULT_RETRY, retries: 4, ...over })

describe('the wait before a retry', () => {
  it('doubles, stays within its upper half, and ends', () => {
    for (const random of [0, 0.5, 1]) {
      const delayOf = (attempt: number) => delayBeforeRetry(policy({ random: () => random }), attempt)
      const expected = [400, 800, 1600, 3200].map((most) => most * (0.5 + random / 2))
      expect([1, 2, 3, 4].map(delayOf)).toEqual(expected)
      expect(delayOf(5)).toBeUndefined()
    }
  })

  it('is never longer than the longest delay', () => {
    expect(delayBeforeRetry(policy({ retries: 50, random: () => 1 }), 40)).toBe(DEFAULT_RETRY.longestDelayMs)
  })

  it('is what the service asks for, and none where that is too long', () => {
    expect(delayBeforeRetry(policy(), 1, 5000)).toBe(5000)
    expect(delayBeforeRetry(policy({ random: () => 1 }), 1, 0)).toBe(400)
    expect(delayBeforeRetry(policy(), 1, 61_000)).toBeUndefined()
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    [undefined, undefined],
  ])('%s', (value, expected) => {
    expect(readRetryAfter(value, now) ?? undefined).toBe(expected)
  })
})

describe('sleep', () => {
  it('ends at once when it is cancelled, before or while it waits', async () => {
    await expect(sleep(60_000, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    const cancel = new AbortController()
    const sleeping = sleep(60_000, cancel.signal)
    cancel.abort(new Error('while'))
    await expect(sleeping).rejects.toThrow('while')
  })
})
