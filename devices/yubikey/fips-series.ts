import type { DeviceDescription } from '../device.ts'
import type { TokenSession } from '../pkcs11/token-session.ts'
import {
  attestedFacts,
  namesFipsCertificate,
  readDeviceCertificate,
  readSlotAttestation,
} from './attestation-objects.ts'
import { findHidKeys } from './hid-keys.ts'
import { PIV_SLOTS } from './piv-slots.ts'

/** The bit of the form factor that marks the FIPS series; Yubico, "PIV attestation". */
const FIPS_FORM_FACTOR = 0x80

/**
 * What the attestation of a new key will say of the FIPS series: the certificate of slot f9, which says it for all of firmware 4, or the
 * form factor in the attestation of any key that is there.
 */
export function fipsSeriesOf(session: TokenSession, firmwareMajor: number): DeviceDescription['fips'] {
  const certificate = readDeviceCertificate(session)
  if (certificate === undefined) return 'unknown'
  if (namesFipsCertificate(certificate)) return 'certified'
  if (firmwareMajor === 4) return 'not-certified'
  for (const slot of PIV_SLOTS) {
    const attestation = readSlotAttestation(session, slot)
    const formFactor = attestation && attestedFacts(attestation).formFactor
    if (formFactor !== undefined) return (formFactor & FIPS_FORM_FACTOR) === 0 ? 'not-certified' : 'certified'
  }
  return 'unknown'
}

/** The same by HID, where that can be read: for a device without a key. */
export async function fipsSeriesByHid(serial: string | undefined): Promise<DeviceDescription['fips']> {
  if (serial === undefined) return 'unknown'
  const { keys } = await findHidKeys()
  return keys.find(({ info }) => info?.serial === serial)?.info?.fips ?? 'unknown'
}
