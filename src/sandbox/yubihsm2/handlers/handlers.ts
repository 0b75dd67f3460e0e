import type { Handlers } from '../execution.ts'
import { administration } from './administration.ts'
import { asymmetricKeys } from './asymmetric-keys.ts'
import { attestation } from './attestation.ts'
import { authenticationKeys } from './authentication-keys.ts'
import { hmacKeys } from './hmac-keys.ts'
import { objects } from './objects.ts'
import { opaque } from './opaque.ts'
import { otpKeys } from './otp-keys.ts'
import { rsaWrapKeys } from './rsa-wrap-keys.ts'
import { symmetricKeys } from './symmetric-keys.ts'
import { templates } from './templates.ts'
import { wrapKeys } from './wrap-keys.ts'

/** Every command that the double answers inside a session, apart from `close session`, which the session table does. */
export const HANDLERS: Handlers = {
  ...administration,
  ...objects,
  ...opaque,
  ...templates,
  ...authenticationKeys,
  ...asymmetricKeys,
  ...attestation,
  ...symmetricKeys,
  ...hmacKeys,
  ...wrapKeys,
  ...rsaWrapKeys,
  ...otpKeys,
}
