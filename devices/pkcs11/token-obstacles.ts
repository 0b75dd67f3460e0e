import { blocker, type Obstacle, obstacles, warning } from '../obstacle.ts'
import type { CKF } from './pkcs11-constants.ts'
import { isSoftwareToken } from './software-token.ts'
import { hasFlag, type TokenDescription } from './token-description.ts'
import { isOfFamily, type TokenFamily } from './token-family.ts'

type FlagObstacle = readonly [
  flag: keyof typeof CKF,
  when: boolean,
  severity: Obstacle['severity'],
  code: string,
  message: string,
  remedy: string,
]

const UNLOCK = "Unblock it with the PUK or the security officer's PIN, using the vendor's tool."

/** What the flags of CK_TOKEN_INFO mean for an enrolment. */
// biome-ignore format: a table
const FLAG_OBSTACLES: readonly FlagObstacle[] = [
  ['USER_PIN_LOCKED', true, 'blocker', 'pin.locked', 'the user PIN is locked', UNLOCK],
  ['USER_PIN_FINAL_TRY', true, 'blocker', 'pin.final-try', 'only one user PIN attempt is left; hsm-enroll never uses the last attempt', "Log in once with the vendor's tool and the right PIN."],
  ['USER_PIN_COUNT_LOW', true, 'warning', 'pin.count-low', 'a wrong user PIN was entered since the last login', 'Check the PIN before the run: a run makes one attempt only.'],
  ['USER_PIN_TO_BE_CHANGED', true, 'warning', 'pin.to-be-changed', 'the user PIN is the initial one and must be changed', "Change the PIN with the vendor's tool."],
  ['WRITE_PROTECTED', true, 'blocker', 'token.write-protected', 'the token is write-protected', 'Remove the write protection.'],
  ['TOKEN_INITIALIZED', false, 'blocker', 'token.not-initialised', 'the token is not initialised', "Initialise it with the vendor's tool."],
]

/** An RSA-4096 key pair with its attributes, or a certificate with long names, as partitions store them. */
const NEEDED_BYTES = 4096

/** A key whose certificate finds no room on the token has been paid for all the same. */
function memoryObstacles({ freeMemory = {} }: TokenDescription, subject: string): readonly Obstacle[] {
  const remedy = 'Delete objects that you no longer need (`hsm-enroll keys list`), or give the partition more storage.'
  return (['private', 'public'] as const).flatMap((kind) => {
    const free = freeMemory[kind]
    if (free === undefined || free >= NEEDED_BYTES) return []
    const what = kind === 'private' ? 'a key' : 'its certificate'
    if (free === 0) return [blocker('token.full', `${subject}: the token has no memory left for ${what}.`, remedy)]
    return [warning('token.memory-low', `${subject}: the token has ${free} bytes of memory left for ${what}.`, remedy)]
  })
}

/** Everything that the token itself shows, without a login. */
export function tokenObstacles(token: TokenDescription, subject: string): readonly Obstacle[] {
  const noPin =
    hasFlag(token, 'LOGIN_REQUIRED') && !hasFlag(token, 'USER_PIN_INITIALIZED') && hasFlag(token, 'TOKEN_INITIALIZED')
  return obstacles(
    ...memoryObstacles(token, subject),
    ...FLAG_OBSTACLES.filter(([flag, when]) => hasFlag(token, flag) === when).map(
      ([, , severity, code, message, remedy]) => ({ severity, code, message: `${subject}: ${message}.`, remedy }),
    ),
    noPin &&
      !hasFlag(token, 'PROTECTED_AUTHENTICATION_PATH') &&
      blocker('pin.not-initialised', `${subject}: no user PIN has been set.`, "Set the PIN with the vendor's tool."),
    isSoftwareToken(token) &&
      blocker(
        'key.not-attestable',
        `${subject}: ${token.model} is software and cannot attest keys.`,
        'Use a device that attests its keys.',
        'attestation',
      ),
  )
}

/** A `pkcs11:` URI takes the user's word for what a token is; what it says of itself decides whether its keys will be attested. */
export function otherVendor(family: TokenFamily, token: TokenDescription, subject: string): readonly Obstacle[] {
  if (isOfFamily(family, token) || isSoftwareToken(token)) return []
  const itself = [token.manufacturer, token.model].filter((text) => text !== '').join(' ')
  return [
    blocker(
      'key.not-attestable',
      `${subject}: the token calls itself "${itself}", which is not a ${family.vendor} token, and cannot attest keys as one.`,
      `Use a ${family.vendor} token, or specify its module with the setting "module".`,
      'attestation',
    ),
  ]
}
