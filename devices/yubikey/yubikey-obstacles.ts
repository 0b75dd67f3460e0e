import type { Obstacle } from '../device.ts'
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
  const obstacles: Obstacle[] = []
  if (!atLeast(firmware, FIRMWARE.attestation)) {
    obstacles.push({
      severity: 'blocker',
      stops: 'attestation',
      code: 'key.not-attestable',
      message: `YubiKey ${token.serial}: firmware ${printVersion(firmware)} cannot attest keys.`,
      remedy: 'Use a YubiKey with firmware 4.3 or later.',
    })
  }
  if (atLeast(firmware, FIRMWARE.aesManagementKeyByDefault) && !canDo(module, 'aesManagementKey')) {
    obstacles.push({
      severity: 'warning',
      code: 'management-key.aes',
      message: `YubiKey ${token.serial}: firmware ${printVersion(firmware)} comes with an AES management key, and libykcs11 ${printVersion(module)} takes TDES only.`,
      remedy: AES_REMEDY,
    })
  }
  if (occupant !== undefined && slot !== undefined) {
    obstacles.push({
      severity: 'warning',
      code: 'key.exists',
      message: `YubiKey ${token.serial}: slot ${slot.name} holds ${occupant}; a new key is refused there.`,
      remedy: `Choose another slot, or say --replace-key ${slot.name}.`,
    })
  }
  return obstacles
}
