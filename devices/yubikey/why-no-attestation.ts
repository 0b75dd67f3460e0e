import { DeviceError } from '../device-error.ts'
import { FIRMWARE } from './firmware-rules.ts'
import { atLeast, canDo, printVersion, type Version } from './ykcs11-abilities.ts'

/** Why a slot gave no attestation: by firmware, by module, by the device's own certificate, or else by how the key came there. */
export function whyNoAttestation(
  {
    firmware,
    module,
    hasDeviceCertificate,
  }: {
    readonly firmware: Version
    readonly module: Version
    readonly hasDeviceCertificate: boolean
  },
  slot: string,
  subject: string,
): DeviceError {
  const [why, remedy] = !atLeast(firmware, FIRMWARE.attestation)
    ? [`firmware ${printVersion(firmware)} cannot attest; 4.3 and later can`, 'Use a newer YubiKey.']
    : !canDo(module, 'attestationObjects')
      ? [`libykcs11 ${printVersion(module)} does not return attestations; 2.0 does`, 'Use libykcs11 2.0 or later.']
      : !hasDeviceCertificate
        ? [
            'slot f9 contains no attestation certificate',
            'Use another YubiKey: the factory certificate cannot be restored.',
          ]
        : [
            `the key in slot ${slot} was not generated on the device (imported keys are never attested)`,
            'Generate a new key on the device.',
          ]
  return new DeviceError('key.not-attestable', `Could not attest slot ${slot} of ${subject}: ${why}.`, { remedy })
}
