import { describe, expect, it } from 'vitest'
import { noteOf, reluctance } from './login-attempts.ts'

type Outcomes = Parameters<typeof noteOf>[0]

describe('after earlier attempts with a secret, the next one', () => {
  it.each<[Outcomes, ReturnType<typeof reluctance>]>([
    [[], undefined],
    [['sent', 'right'], undefined],
    [['sent', 'wrong'], 'wrong'],
    [['sent', 'wrong', 'sent'], 'wrong'],
    [['sent', 'wrong', 'allowed'], undefined],
    [['sent', 'wrong', 'allowed', 'sent', 'wrong'], 'wrong'],
    [['sent', 'wrong', 'allowed', 'sent', 'right'], undefined],
    // Killed at the login.
    [['sent'], undefined],
    [['sent', 'sent'], 'unheard'],
    [['sent', 'right', 'sent', 'sent'], 'unheard'],
    [['sent', 'sent', 'allowed'], undefined],
    [['sent', 'sent', 'right'], undefined],
    // Somebody in this process was logged in already.
    [['sent', 'not-tried', 'sent', 'not-tried', 'sent'], undefined],
  ])('%j: %s', (outcomes, expected) => {
    expect(reluctance(noteOf(outcomes))).toBe(expected)
  })
})
