import { expect, it } from 'vitest'
import { doneTogether, together } from './together.ts'

/** Each is over when it is told so. */
function controlled() {
  const begun: { readonly end: () => void; readonly fail: (error: Error) => void }[] = []
  const act = doneTogether(() => new Promise((end, fail) => begun.push({ end, fail })))
  return { begun, act }
}

const turn = (): Promise<void> => new Promise((done) => setImmediate(done))

it('who comes while it is under way shares the next one, which begins once that has ended', async () => {
  const { begun, act } = controlled()
  const first = act()
  await turn()
  const shared = Promise.all([act(), act()])
  await turn()
  expect(begun).toHaveLength(1)
  begun[0]?.end()
  await first
  await turn()
  expect(begun).toHaveLength(2)
  begun[1]?.end()
  await shared
})

it('one that failed has failed for all who shared it, and for nobody after', async () => {
  const { begun, act } = controlled()
  const shared = Promise.allSettled([act(), act()])
  await turn()
  begun[0]?.fail(new Error('EIO'))
  expect((await shared).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  const next = act()
  await turn()
  begun[1]?.end()
  await next
})

it('where one of several may be at fault, each is called for alone, and only the one fails', async () => {
  const calls: (readonly string[])[] = []
  const act = together(
    async (items: readonly string[]) => {
      calls.push(items)
      if (items.includes('bad')) throw new Error('refused')
      return items.map((item) => item.toUpperCase())
    },
    { most: 3, mayConcernOne: (error) => error instanceof Error && error.message === 'refused' },
  )
  const ends = await Promise.allSettled(['a', 'bad', 'c', 'd'].map(act))
  expect(ends).toMatchObject([{ value: 'A' }, { reason: { message: 'refused' } }, { value: 'C' }, { value: 'D' }])
  expect(calls.slice(0, 4)).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c']])
  expect(calls.slice(4)).toEqual([['d']])
})
