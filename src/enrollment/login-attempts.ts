import type { LoginNote } from '../../devices/lock/login-note.ts'
import type { FactBodies } from '../ledger/fact.ts'

type Outcome = FactBodies['attempt']['outcome']

/** Attempts nobody heard the end of, in a row, after which no more is made: the process was killed while the device was asked. */
const MOST_UNHEARD = 2

/** Why the next attempt is not made unattended; undefined where it may be. */
export type Reluctance = 'wrong' | 'unheard'

/** What a row of attempts amounts to: the last heard answer, and how many were sent since without one. */
export function noteOf(outcomes: readonly Outcome[]): LoginNote {
  let note: LoginNote = { outcome: 'right', unheard: 0 }
  for (const outcome of outcomes) note = noteAfter(note, outcome)
  return note
}

export function noteAfter({ outcome: before, unheard }: LoginNote, outcome: Outcome): LoginNote {
  switch (outcome) {
    case 'sent':
      return { outcome: before, unheard: unheard + 1 }
    case 'not-tried':
      return { outcome: before, unheard: Math.max(0, unheard - 1) }
    case 'allowed':
      return { outcome: 'right', unheard: 0 }
    default:
      return { outcome, unheard: 0 }
  }
}

/**
 * A wrong answer ends it. One attempt whose answer was lost does not: a process that is killed at its login had, as a rule, the right
 * PIN; two of them in a row do, since they may both have been wrong.
 */
export function reluctance({ outcome, unheard }: LoginNote): Reluctance | undefined {
  if (outcome === 'wrong') return 'wrong'
  return unheard >= MOST_UNHEARD ? 'unheard' : undefined
}
