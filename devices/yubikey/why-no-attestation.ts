import { DeviceError } from '../device-error.ts'
import { FIRMWARE } from './firmware-rules.ts'
import { atLeast, canDo, isUnknown, printVersion, type Version } from './ykcs11-abilities.ts'

export const NO_DEVICE_CERTIFICATE = 'slot f9 contains no attestation certificate'
export const OTHER_YUBIKEY = 'Use another YubiKey: the factory certificate cannot be restored.'

export interface UnattestedKey {
  readonly firmware: Version
  readonly module: Version
  readonly hasDeviceCertificate: boolean
  /** Did this session generate it? Then it was not imported. */
  readonly generatedHere: boolean
}

/** Why a slot gave no attestation: by firmware, by module, by the device's own certificate, or else by how the key came there. */
export function whyNoAttestation(key: UnattestedKey, slot: string, subject: string): DeviceError {
  const [why, remedy] = reasonOf(key, slot)
  return new DeviceError('key.not-attestable', `Could not attest slot ${slot} of ${subject}: ${why}.`, { remedy })
}

function reasonOf(
  { firmware, module, hasDeviceCertificate, generatedHere }: UnattestedKey,
  slot: string,
): readonly [why: string, remedy: string] {
  if (isUnknown(firmware)) return ['the module is not libykcs11, and does not return attestations', USE_LIBYKCS11]
  if (!atLeast(firmware, FIRMWARE.attestation))
    return [`firmware ${printVersion(firmware)} cannot attest; 4.3 and later can`, 'Use a newer YubiKey.']
  if (!canDo(module, 'attestationObjects'))
    return [`libykcs11 ${printVersion(module)} does not return attestations; 2.0 does`, 'Use libykcs11 2.0 or later.']
  if (!hasDeviceCertificate) return [NO_DEVICE_CERTIFICATE, OTHER_YUBIKEY]
  if (generatedHere)
    return [
      `the module returns no attestation for the key that was just generated in slot ${slot}`,
      'Check with `yubico-piv-tool -a attest -s SLOT` whether the device attests at all; use a genuine YubiKey and its libykcs11.',
    ]
  return [
    `the device attests other keys than the one in slot ${slot}, which was probably imported: only keys generated on the device are attested`,
    'Generate a new key on the device.',
  ]
}

const USE_LIBYKCS11 = 'Specify libykcs11 with the setting "module" or with HSM_ENROLL_PKCS11_MODULE.'
