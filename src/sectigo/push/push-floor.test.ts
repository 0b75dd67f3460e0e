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
  let faults: string[]
  let failing: boolean
  let floor: PushFloor
  beforeEach(() => {
    vi.useFakeTimers()
    passed = []
    faults = []
    failing = false
    floor = new PushFloor({
      pass: async ({ orderNumber, description }) => {
        if (failing) throw new Error('disk full')
        passed.push(`${orderNumber} ${description}`)
        return orderNumber === 'unknown' ? 0 : 60_000
      },
      onFault: ({ orderNumber, description }, error) => faults.push(`${orderNumber} ${description}: ${error}`),
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

  it('passes on one alone of those that come at one moment, and the last of them later', async () => {
    const turns = await Promise.all(['a', 'b', 'c'].map((word) => floor.take(push('1', word))))
    expect(turns).toEqual(['passed', 'later', 'later'])
    expect(passed).toEqual(['1 a'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(passed).toEqual(['1 a', '1 c'])
  })

  it('passes on at once what came at one moment with what is for no order of ours', async () => {
    await Promise.all(['a', 'b', 'c'].map((word) => floor.take(push('unknown', word))))
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual(['unknown a', 'unknown c'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('survives what cannot be passed on when the pause is over, says so, and tries it again', async () => {
    await floor.take(push('1', 'a'))
    await floor.take(push('1', 'b'))
    failing = true
    await vi.advanceTimersByTimeAsync(120_000)
    expect(faults).toEqual(['1 b: Error: disk full', '1 b: Error: disk full'])
    failing = false
    await vi.advanceTimersByTimeAsync(60_000)
    expect(passed).toEqual(['1 a', '1 b'])
  })

  it('hands back what cannot be passed on at once, and keeps what came with it', async () => {
    failing = true
    const [first, second] = await Promise.allSettled(['a', 'b'].map((word) => floor.take(push('1', word))))
    expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled'])
    failing = false
    await vi.advanceTimersByTimeAsync(60_000)
    expect(passed).toEqual(['1 b'])
  })

  it('ends although one cannot be passed on, with all others passed on', async () => {
    for (const order of ['1', '2']) for (const word of ['a', 'b']) await floor.take(push(order, word))
    failing = true
    const ending = floor.end()
    failing = false
    await ending
    expect(faults).toEqual(['1 b: Error: disk full'])
    expect(passed).toEqual(['1 a', '2 a', '2 b'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
