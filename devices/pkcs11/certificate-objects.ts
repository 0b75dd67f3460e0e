import { createHash, X509Certificate } from 'node:crypto'
import { DeviceError } from '../device-error.ts'
import { destroyEach } from './destroy-objects.ts'
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
export async function certificateTemplate(
  id: Uint8Array,
  certificate: Uint8Array,
  label: string,
): Promise<readonly Attribute[]> {
  const { subject, issuer, serialNumber } = await readNameFields(certificate)
  return [
    classTemplate('CERTIFICATE'),
    { type: CKA.CERTIFICATE_TYPE, value: CKC_X_509 },
    { type: CKA.TOKEN, value: true },
    { type: CKA.PRIVATE, value: false },
    { type: CKA.LABEL, value: Buffer.from(label, 'utf8') },
    { type: CKA.ID, value: Buffer.from(id) },
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

/**
 * Stores a certificate beside its key and takes the ones that it replaces (`stored`) away, each found anew by its content; reads back. Where the
 * label is taken by a certificate with another subject (NSS), the new one gets a label of its own. Throws DeviceError.
 */
export async function replaceCertificates(
  session: TokenSession,
  key: TokenKey,
  certificate: Uint8Array,
  stored: readonly StoredCertificate[],
  storedNow: () => readonly StoredCertificate[],
): Promise<void> {
  const old = stored.map(({ der }) => der)
  const isOld = (der: Buffer): boolean => old.some((each) => each.equals(der))
  await createCertificate(session, key, certificate)
  const find = (): readonly Buffer[] =>
    storedNow()
      .filter(({ der }) => isOld(der))
      .map(({ object }) => object)
  if (old.length > 0) destroyEach(session, find, `replaced certificate of ${key.location}`)
  const isThere = (): boolean => storedNow().some(({ der }) => der.equals(certificate))
  // A module that gave the new object the handle of an old one may have destroyed the new one first.
  if (!isThere() && old.length > 0) await createCertificate(session, key, certificate)
  if (!isThere()) {
    throw new DeviceError(
      'device.protocol',
      `Could not store the certificate of ${key.location} on ${session.cryptoki.subject}: the module accepted it, and it is not there.`,
      { remedy: "Check the token with its vendor's tool, then resume the run." },
    )
  }
}

async function createCertificate(session: TokenSession, key: TokenKey, certificate: Uint8Array): Promise<void> {
  const what = `certificate of ${key.location}`
  const { label, id } = key.identity
  try {
    createObject(session, await certificateTemplate(id, certificate, label), what)
  } catch (error) {
    if (!(error instanceof DeviceError) || storedCertificates(session, { label }).length === 0) throw error
    const own = `${label} ${createHash('sha256').update(certificate).digest('hex').slice(0, 8)}`
    try {
      createObject(session, await certificateTemplate(id, certificate, own), `${what}, label ${own}`)
    } catch {
      throw error
    }
  }
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
