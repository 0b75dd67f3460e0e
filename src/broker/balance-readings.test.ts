import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { BalanceReadings } from './balance-readings.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const READ_BY = '2026-11-30T12:00:00.000Z'
let asked = 0
const ask = async () => ({ balance: { amount: String(++asked) }, readBy: READ_BY })
const amountAtHand = (readings: BalanceReadings) => readings.atHand()?.balance.amount

it('a reading serves further orders for a second from when it was asked for, however long the answer took', async () => {
  const readings = new BalanceReadings(async () => {
    vi.advanceTimersByTime(400)
    return ask()
  })
  expect(readings.atHand()).toBeUndefined()
  const { balance } = await readings.read()
  expect(amountAtHand(readings)).toBe(balance.amount)
  vi.advanceTimersByTime(600)
  expect(readings.atHand()).toEqual({ balance, readBy: READ_BY })
  vi.advanceTimersByTime(1)
  expect(readings.atHand()).toBeUndefined()
  expect((await readings.read()).balance).not.toEqual(balance)
})

it('a reading of which it is not known when it was taken serves nobody else, nor does one that failed', async () => {
  const untimed = new BalanceReadings(async () => ({ balance: { amount: '1' } }))
  await untimed.read()
  expect(untimed.atHand()).toBeUndefined()
  const failing = new BalanceReadings(() => Promise.reject(new Error('away')))
  await expect(failing.read()).rejects.toThrow('away')
  expect(failing.atHand()).toBeUndefined()
})

it('orders of one moment ask once', async () => {
  const readings = new BalanceReadings(ask)
  const [one, other] = await Promise.all([readings.read(), readings.read()])
  expect(one).toBe(other)
})
