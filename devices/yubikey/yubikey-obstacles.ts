import { blocker, type Obstacle, obstacles, warning } from '../obstacle.ts'
import { FIRMWARE } from './firmware-rules.ts'
import { AES_REMEDY } from './management-key.ts'
import { NO_DEVICE_CERTIFICATE, OTHER_YUBIKEY } from './why-no-attestation.ts'
import { atLeast, canDo, isUnknown, printVersion, type Version } from './ykcs11-abilities.ts'

export interface YubikeyState {
  readonly firmware: Version
  readonly module: Version
  /** As messages name it: its path, and the variable that led to it. */
  readonly modulePath: string
  readonly serial: string
  /** Does slot f9 show a certificate? */
  readonly hasDeviceCertificate: boolean
}

/** What keeps firmware, module and slots from a key and its attestation. */
export function yubikeyObstacles(state: YubikeyState): readonly Obstacle[] {
  const { firmware, module, modulePath, serial, hasDeviceCertificate } = state
  const name = `YubiKey ${serial}`
  if (isUnknown(firmware)) return [otherModule(name, modulePath)]
  const version = printVersion(firmware)
  const attests = atLeast(firmware, FIRMWARE.attestation)
  return obstacles(
    !attests &&
      blocker(
        'key.not-attestable',
        `${name}: firmware ${version} cannot attest keys.`,
        'Use a YubiKey with firmware 4.3 or later.',
        'attestation',
      ),
    attests &&
      canDo(module, 'attestationObjects') &&
      !hasDeviceCertificate &&
      blocker('key.not-attestable', `${name}: ${NO_DEVICE_CERTIFICATE}.`, OTHER_YUBIKEY, 'attestation'),
    atLeast(firmware, FIRMWARE.aesManagementKeyByDefault) &&
      !canDo(module, 'aesManagementKey') &&
      warning(
        'management-key.aes',
        `${name}: firmware ${version} has an AES management key, but libykcs11 ${printVersion(module)} supports TDES only.`,
        AES_REMEDY,
      ),
  )
}

const otherModule = (name: string, modulePath: string): Obstacle =>
  blocker(
    'device.module',
    `${name}: the module ${modulePath} is not libykcs11, and cannot attest keys.`,
    'Specify libykcs11 with the setting "module" or with HSM_ENROLL_PKCS11_MODULE.',
  )
