import { expect, it } from 'vitest'
import { didYouMean } from './did-you-mean.ts'

it.each([
  ['wiat', 'wait'],
  ['awit', 'wait'],
  ['Wait', 'wait'],
  ['profle', 'profile'],
])('%s is meant to be %s', (word, meant) => expect(didYouMean(word, ['test', 'profile', 'wait', 'new'])).toBe(meant))

it.each(['tiaw', 'w', '', 'nothing-like-it'])('"%s" is near nothing', (word) => {
  expect(didYouMean(word, ['profile', 'wait'])).toBeUndefined()
  expect(didYouMean(word, [])).toBeUndefined()
})
