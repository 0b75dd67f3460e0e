import { X509Certificate } from 'node:crypto'
import { DeviceError } from '../device-error.ts'
import { findByClass } from './find-key-objects.ts'
import type { Attribute } from './key-template.ts'
import { CKA, CKC_X_509 } from './pkcs11-constants.ts'
import { spkiOf } from './public-key.ts'
import type { KeyIdentity, TokenKey } from './token-key.ts'
import { classTemplate, mutable, readAttribute } from './token-objects.ts'
import type { TokenSession } from './token-session.ts'

/** A certificate object and its DER. */
export interface StoredCertificate {
  readonly object: Buffer
  readonly der: Buffer
}

/** By id, or else by label; session objects (made by a module for itself) are left out. */
export function storedCertificates(session: TokenSession, by: Partial<KeyIdentity>): readonly StoredCertificate[] {
  return findByClass(session, 'CERTIFICATE', by).flatMap((object): StoredCertificate[] => {
    if (readAttribute(session, object, CKA.TOKEN)?.[0] === 0) return []
    const der = readAttribute(session, object, CKA.VALUE)
    return der === undefined || der.length === 0 ? [] : [{ object, der }]
  })
}

/** Was the certificate issued for this key? False for what cannot be read. */
export function isFor(key: TokenKey, der: Uint8Array): boolean {
  try {
    return Buffer.compare(spkiOf(new X509Certificate(der).publicKey), key.publicKey) === 0
  } catch {
    return false
  }
}

/** Throws DeviceError where the bytes are no certificate, or one for another key. */
export function checkCertificateFits(key: TokenKey, certificate: Uint8Array): void {
  let spki: Uint8Array
  try {
    spki = spkiOf(new X509Certificate(certificate).publicKey)
  } catch (cause) {
    throw new DeviceError('device.settings', 'Could not store the certificate: it cannot be read.', {
      remedy: 'Provide one certificate in DER.',
      cause,
    })
  }
  if (Buffer.compare(spki, key.publicKey) !== 0) {
    throw new DeviceError(
      'key.wrong-type',
      `Could not store the certificate: it belongs to another key than ${key.location}.`,
      {
        remedy: 'Specify the key that the certificate was issued for.',
      },
    )
  }
}

interface NameFields {
  readonly subject: Buffer
  readonly issuer: Buffer
  readonly serialNumber: Buffer
}

/** The DER of subject, issuer and serial number as they stand in the certificate (RFC 5280 section 4.1). */
async function readNameFields(certificate: Uint8Array): Promise<NameFields> {
  const { fromBER, Sequence } = await import('asn1js')
  const parsed = fromBER(certificate).result
  const tbs = parsed instanceof Sequence ? parsed.valueBlock.value[0] : undefined
  if (!(tbs instanceof Sequence))
    throw new DeviceError('device.settings', 'Could not store the certificate: it cannot be read.', {
      remedy: 'Provide one certificate in DER.',
    })
  const fields = tbs.valueBlock.value
  // [0] version is there in every certificate but version 1.
  const first = fields[0]?.idBlock.tagClass === 3 ? 1 : 0
  const bytes = (index: number): Buffer => Buffer.from(fields[first + index]?.valueBeforeDecodeView ?? [])
  return { serialNumber: bytes(0), issuer: bytes(2), subject: bytes(4) }
}

/** The full object that PKCS#11 2.40 section 4.6.3 describes. */
export async function certificateTemplate(key: TokenKey, certificate: Uint8Array): Promise<readonly Attribute[]> {
  const { subject, issuer, serialNumber } = await readNameFields(certificate)
  return [
    classTemplate('CERTIFICATE'),
    { type: CKA.CERTIFICATE_TYPE, value: CKC_X_509 },
    { type: CKA.TOKEN, value: true },
    { type: CKA.PRIVATE, value: false },
    { type: CKA.LABEL, value: Buffer.from(key.identity.label, 'utf8') },
    { type: CKA.ID, value: Buffer.from(key.identity.id) },
    { type: CKA.SUBJECT, value: subject },
    { type: CKA.ISSUER, value: issuer },
    { type: CKA.SERIAL_NUMBER, value: serialNumber },
    { type: CKA.VALUE, value: Buffer.from(certificate) },
  ]
}

export function createObject(session: TokenSession, template: readonly Attribute[], what: string): Buffer {
  const { cryptoki, handle } = session
  return cryptoki.run('C_CreateObject', what, (library) => library.C_CreateObject(handle, mutable(template)))
}

export function destroyObject(session: TokenSession, object: Buffer, what: string): void {
  const { cryptoki, handle } = session
  cryptoki.run('C_DestroyObject', what, (library) => library.C_DestroyObject(handle, object))
}

export function certificateExists(key: TokenKey, subject: string): DeviceError {
  return new DeviceError(
    'certificate.exists',
    `Did not store the certificate: ${subject} already holds another one for ${key.location}.`,
    {
      remedy: 'Pass --replace to replace it.',
    },
  )
}
