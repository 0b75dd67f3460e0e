import type { Obstacle } from '../device.ts'
import type { CKF } from './pkcs11-constants.ts'
import { isSoftwareToken } from './software-token.ts'
import { hasFlag, type TokenDescription } from './token-description.ts'

interface FlagObstacle {
  readonly flag: keyof typeof CKF
  /** The obstacle is there when the flag is set (or, for two of them, when it is not). */
  readonly when: boolean
  readonly severity: Obstacle['severity']
  readonly code: string
  readonly message: string
  readonly remedy: string
}

const UNLOCK = "Unlock it with the PUK or the security officer's PIN, with the vendor's tool."

/** What the flags of CK_TOKEN_INFO mean for an enrolment. */
// biome-ignore format: a table, a row a line
const FLAG_OBSTACLES: readonly FlagObstacle[] = [
  { flag: 'USER_PIN_LOCKED', when: true, severity: 'blocker', code: 'pin.locked', message: 'the user PIN is locked', remedy: UNLOCK },
  { flag: 'USER_PIN_FINAL_TRY', when: true, severity: 'blocker', code: 'pin.final-try', message: 'one try is left for the user PIN, and the agent never uses the last one', remedy: "Log in once with the vendor's tool and the right PIN." },
  { flag: 'USER_PIN_COUNT_LOW', when: true, severity: 'warning', code: 'pin.count-low', message: 'a wrong user PIN was entered since the last login', remedy: 'Make sure of the PIN before the run: it makes one attempt only.' },
  { flag: 'USER_PIN_TO_BE_CHANGED', when: true, severity: 'warning', code: 'pin.to-be-changed', message: 'the user PIN is the one set at initialisation and must be changed', remedy: "Change the PIN with the vendor's tool." },
  { flag: 'WRITE_PROTECTED', when: true, severity: 'blocker', code: 'token.write-protected', message: 'the token is write-protected', remedy: 'Remove the write protection.' },
  { flag: 'TOKEN_INITIALIZED', when: false, severity: 'blocker', code: 'token.not-initialised', message: 'the token is not initialised', remedy: "Initialise it with the vendor's tool." },
]

/** Everything that the token itself shows, without a login. */
export function tokenObstacles(token: TokenDescription, subject: string): readonly Obstacle[] {
  const found: Obstacle[] = FLAG_OBSTACLES.filter(({ flag, when }) => hasFlag(token, flag) === when).map(
    ({ severity, code, message, remedy }) => ({ severity, code, message: `${subject}: ${message}.`, remedy }),
  )
  const noPin =
    hasFlag(token, 'LOGIN_REQUIRED') && !hasFlag(token, 'USER_PIN_INITIALIZED') && hasFlag(token, 'TOKEN_INITIALIZED')
  if (noPin && !hasFlag(token, 'PROTECTED_AUTHENTICATION_PATH')) {
    found.push({
      severity: 'blocker',
      code: 'pin.not-initialised',
      message: `${subject}: no user PIN has been set.`,
      remedy: "Set the PIN with the vendor's tool.",
    })
  }
  if (isSoftwareToken(token)) {
    found.push({
      severity: 'blocker',
      stops: 'attestation',
      code: 'key.not-attestable',
      message: `${subject}: ${token.model} is software and cannot attest keys.`,
      remedy: 'Use a device that attests its keys.',
    })
  }
  return found
}
