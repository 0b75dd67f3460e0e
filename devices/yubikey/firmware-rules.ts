import type { KeyAlgorithm } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { atLeast, type Version } from './ykcs11-abilities.ts'

const version = (major: number, minor: number, patch: number): Version => ({ major, minor, patch })

/** Yubico's PIV documentation and security advisory YSA-2017-01; bounds inclusive on both sides. */
export const FIRMWARE = {
  attestation: version(4, 3, 0),
  rocaFirst: version(4, 2, 0),
  rocaLast: version(4, 3, 4),
  p384: version(4, 0, 0),
  rsa3072: version(5, 7, 0),
  deletesKeys: version(5, 7, 0),
  aesManagementKeyByDefault: version(5, 7, 0),
} as const

const RSA = /^RSA-/

/** Why this firmware makes no such key, or makes one that nobody should use; undefined where it does. */
export function firmwareAgainst(algorithm: KeyAlgorithm, firmware: Version): string | undefined {
  if (RSA.test(algorithm) && atLeast(firmware, FIRMWARE.rocaFirst) && atLeast(FIRMWARE.rocaLast, firmware)) {
    return 'firmware 4.2.0 to 4.3.4 generates weak RSA keys (YSA-2017-01, ROCA)'
  }
  if ((algorithm === 'RSA-3072' || algorithm === 'RSA-4096') && !atLeast(firmware, FIRMWARE.rsa3072)) {
    return 'RSA above 2048 bits needs firmware 5.7 or later'
  }
  if (algorithm === 'P-384' && !atLeast(firmware, FIRMWARE.p384)) return 'P-384 needs firmware 4.0 or later'
  return undefined
}

/**
 * What to do by hand. libykcs11 deletes no key: its C_DestroyObject on one deletes the certificate of the slot (ykcs11.c, to 2.7), so that
 * it is never called.
 */
export function noDeletion(slot: string, subject: string, firmware: Version): DeviceError {
  const overwrite = `--replace-key ${slot} overwrites it in an enrolment`
  const remedy = atLeast(firmware, FIRMWARE.deletesKeys)
    ? `\`ykman piv keys delete ${slot}\` deletes it; ${overwrite}.`
    : `This firmware deletes no key either: ${overwrite}; \`ykman piv reset\` deletes every PIV key on the device.`
  return new DeviceError(
    'device.unsupported',
    `Could not delete the key in slot ${slot} of ${subject}: libykcs11 deletes no keys.`,
    { remedy },
  )
}
