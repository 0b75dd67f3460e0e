import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PushFloor } from './push-floor.ts'
import type { PushNotification } from './push-notification.ts'

const push = (orderNumber: string, description: string, certificates?: readonly Uint8Array[]): PushNotification => ({
  event: 'unknown',
  orderNumber,
  description,
  ...(certificates === undefined ? {} : { certificates }),
  other: {},
})

describe('the floor of pushes', () => {
  let passed: string[]
  let floor: PushFloor
  beforeEach(() => {
    vi.useFakeTimers()
    passed = []
    floor = new PushFloor(async ({ orderNumber, description }) => {
      passed.push(`${orderNumber} ${description}`)
      return orderNumber === 'unknown' ? 0 : 60_000
    })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('passes on the first of an order at once, and the last of a flood when the pause is over', async () => {
    expect(await floor.take(push('1', 'first'))).toBe('passed')
    for (let i = 0; i < 100_000; i++) await floor.take(push('1', `flood ${i}`))
    expect(passed).toEqual(['1 first'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(passed).toEqual(['1 first', '1 flood 99999'])
    // The pause begins again.
    expect(await floor.take(push('1', 'next'))).toBe('later')
    await vi.advanceTimersByTimeAsync(60_000)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(passed).toEqual(['1 first', '1 flood 99999', '1 next'])
    expect(await floor.take(push('1', 'much later'))).toBe('passed')
  })

  it('keeps orders apart, and lets what carries a certificate through', async () => {
    await floor.take(push('1', 'a'))
    await floor.take(push('2', 'b'))
    await floor.take(push('1', 'certificate', [new Uint8Array(1)]))
    expect(passed).toEqual(['1 a', '2 b', '1 certificate'])
  })

  it('does not hold back what is for no order of ours', async () => {
    for (const word of ['a', 'b']) expect(await floor.take(push('unknown', word))).toBe('passed')
  })

  it('loses nothing when it ends', async () => {
    await floor.take(push('1', 'a'))
    await floor.take(push('1', 'b'))
    await floor.end()
    expect(passed).toEqual(['1 a', '1 b'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
