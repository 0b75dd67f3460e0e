import { expect, it } from 'vitest'
import { slowAnswers } from './slow-answers.ts'

it('wrong logins of one address are answered one after the other, each later, and of another at once', async () => {
  const waits: number[] = []
  const release: (() => void)[] = []
  const slow = slowAnswers((milliseconds) => {
    waits.push(milliseconds)
    return new Promise<void>((done) => release.push(done))
  })
  const answered: string[] = []
  const ask = (address: string): Promise<void> => slow(address).then(() => void answered.push(address))
  const all = [ask('192.0.2.1'), ask('192.0.2.1'), ask('192.0.2.1'), ask('192.0.2.2')]
  await Promise.resolve()
  await Promise.resolve()
  expect(waits).toEqual([100, 100])
  release.splice(0).forEach((done) => void done())
  await Promise.all([all[0], all[3]])
  expect(answered.sort()).toEqual(['192.0.2.1', '192.0.2.2'])
  while (answered.length < 4) {
    release.splice(0).forEach((done) => void done())
    await new Promise((done) => setImmediate(done))
  }
  expect(waits).toEqual([100, 100, 200, 400])
})

it('waits ten seconds at most, however often', async () => {
  const waits: number[] = []
  const slow = slowAnswers(async (milliseconds) => void waits.push(milliseconds))
  for (let index = 0; index < 20; index++) await slow('192.0.2.1')
  expect(Math.max(...waits)).toBe(10_000)
})
