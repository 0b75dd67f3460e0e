import { describe, expect, it } from 'vitest'
import { withRemedy } from './errors.ts'

describe('withRemedy', () => {
  it.each([
    ['it is missing', 'it is missing. Try: Give it.'],
    ['It is missing.', 'It is missing. Try: Give it.'],
    ['Not enough credit! ', 'Not enough credit! Try: Give it.'],
  ])('%s', (cause, line) => expect(withRemedy(cause, 'Give it.')).toBe(line))
})
