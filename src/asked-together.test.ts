import { expect, it } from 'vitest'
import { askedTogether } from './asked-together.ts'

it('a question that is under way is shared, and one that was answered is asked again', async () => {
  const waiting: ((answer: number) => void)[] = []
  const ask = askedTogether(() => new Promise<number>((done) => waiting.push(done)))
  const shared = [ask(), ask()]
  expect(waiting).toHaveLength(1)
  waiting[0]?.(1)
  expect(await Promise.all(shared)).toEqual([1, 1])
  const next = ask()
  waiting[1]?.(2)
  expect(await next).toBe(2)
})

it('one that failed has failed for all who shared it, and for nobody after', async () => {
  let fails = true
  const ask = askedTogether(async () => {
    if (fails) throw new Error('no')
    return 1
  })
  expect((await Promise.allSettled([ask(), ask()])).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  fails = false
  expect(await ask()).toBe(1)
})
