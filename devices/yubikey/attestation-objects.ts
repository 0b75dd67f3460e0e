import { X509Certificate } from 'node:crypto'
import { findByClass } from '../pkcs11/find-key-objects.ts'
import { CKA } from '../pkcs11/pkcs11-constants.ts'
import { readAttribute } from '../pkcs11/token-objects.ts'
import type { TokenSession } from '../pkcs11/token-session.ts'
import { ATTESTATION_CKA_ID, type PivSlot } from './piv-slots.ts'

const LABEL = 'X.509 Certificate for PIV Attestation'

/**
 * The certificate that libykcs11 has the device make for a slot's key. It is known by its label and by being a session
 * object (CKA_TOKEN false): its CKA_ID is the key's own, so by id alone the issued certificate would be taken for it.
 */
export function readSlotAttestation(session: TokenSession, slot: PivSlot): X509Certificate | undefined {
  return readCertificate(session, `${LABEL} ${slot.name}`, slot.ckaId, false)
}

/** The certificate of the attestation key (slot f9). */
export function readDeviceCertificate(session: TokenSession): X509Certificate | undefined {
  return readCertificate(session, LABEL, ATTESTATION_CKA_ID, undefined)
}

function readCertificate(
  session: TokenSession,
  label: string,
  ckaId: number,
  token: boolean | undefined,
): X509Certificate | undefined {
  for (const object of findByClass(session, 'CERTIFICATE', { label, id: Uint8Array.of(ckaId) })) {
    if (token !== undefined && (readAttribute(session, object, CKA.TOKEN)?.[0] === 1) !== token) continue
    const value = readAttribute(session, object, CKA.VALUE)
    if (value === undefined) continue
    try {
      return new X509Certificate(value)
    } catch {
      // An object that holds no certificate is none.
    }
  }
  return undefined
}

/** What the attestation says beside the key; read for messages only, never as proof. */
export interface AttestedFacts {
  readonly firmware?: { readonly major: number; readonly minor: number; readonly patch: number }
  readonly touchPolicy?: 'never' | 'always' | 'cached'
  readonly pinPolicy?: number
  /** One octet; absent on firmware 4. */
  readonly formFactor?: number
}

const TOUCH = { 1: 'never', 2: 'always', 3: 'cached' } as const
/** DER of 1.3.6.1.4.1.41482.3.3, .3.8 and .3.9; the value follows as an OCTET STRING of 3, 2 and 1 raw bytes. */
const FIRMWARE_OID = Buffer.from('060a2b0601040182c40a0303', 'hex')
const POLICY_OID = Buffer.from('060a2b0601040182c40a0308', 'hex')
const FORM_FACTOR_OID = Buffer.from('060a2b0601040182c40a0309', 'hex')

/** 1.3.6.1.4.1.41482.3.10, the FIPS certificate, stands in slot f9's certificate of a FIPS key (firmware 4.4.5 and 5.4.3 seen). */
const FIPS_OID = Buffer.from('060a2b0601040182c40a030a', 'hex')
export const namesFipsCertificate = (deviceCertificate: X509Certificate): boolean =>
  deviceCertificate.raw.includes(FIPS_OID)

export function attestedFacts(certificate: X509Certificate): AttestedFacts {
  const firmware = valueAfter(certificate.raw, FIRMWARE_OID, 3)
  const policy = valueAfter(certificate.raw, POLICY_OID, 2)
  return {
    firmware: firmware && { major: firmware[0] ?? 0, minor: firmware[1] ?? 0, patch: firmware[2] ?? 0 },
    touchPolicy: TOUCH[policy?.[1] as keyof typeof TOUCH],
    pinPolicy: policy?.[0],
    formFactor: valueAfter(certificate.raw, FORM_FACTOR_OID, 1)?.[0],
  }
}

function valueAfter(der: Buffer, oid: Buffer, length: number): Buffer | undefined {
  const at = der.indexOf(oid)
  const value = at + oid.length
  return at !== -1 && der[value] === 0x04 && der[value + 1] === length
    ? der.subarray(value + 2, value + 2 + length)
    : undefined
}
