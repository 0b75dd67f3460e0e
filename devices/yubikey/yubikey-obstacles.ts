import { blocker, type Obstacle, obstacles, warning } from '../obstacle.ts'
import type { TokenDescription } from '../pkcs11/token-description.ts'
import { FIRMWARE } from './firmware-rules.ts'
import { AES_REMEDY } from './management-key.ts'
import type { PivSlot } from './piv-slots.ts'
import { atLeast, canDo, printVersion, type Version } from './ykcs11-abilities.ts'

/** What firmware and module together do not do. */
export function yubikeyObstacles(
  firmware: Version,
  module: Version,
  token: TokenDescription,
  occupant?: string,
  slot?: PivSlot,
): readonly Obstacle[] {
  const name = `YubiKey ${token.serial}`
  const version = printVersion(firmware)
  return obstacles(
    !atLeast(firmware, FIRMWARE.attestation) &&
      blocker(
        'key.not-attestable',
        `${name}: firmware ${version} cannot attest keys.`,
        'Use a YubiKey with firmware 4.3 or later.',
        'attestation',
      ),
    atLeast(firmware, FIRMWARE.aesManagementKeyByDefault) &&
      !canDo(module, 'aesManagementKey') &&
      warning(
        'management-key.aes',
        `${name}: firmware ${version} has an AES management key, but libykcs11 ${printVersion(module)} supports TDES only.`,
        AES_REMEDY,
      ),
    occupant !== undefined &&
      slot !== undefined &&
      warning(
        'key.exists',
        `${name}: slot ${slot.name} holds ${occupant}; hsm-enroll does not generate a key there.`,
        `Choose another slot, or specify --replace-key ${slot.name}.`,
      ),
  )
}
