/** Issues certificates under test roots for the doubles and the rehearsal CA. Bends the profile where genuine devices do. */
import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto'
import {
  bitString,
  boolean,
  explicit,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  time,
} from '../asn1/der-writer.ts'
import { encodeName, type Name } from '../asn1/name.ts'

export interface CertificateExtension {
  readonly oid: string
  readonly critical?: boolean
  /** What goes inside the OCTET STRING. */
  readonly value: Uint8Array
  /** Writes `critical FALSE` out, as Luna does. */
  readonly explicitCriticalFalse?: boolean
}

export interface CertificateTemplate {
  readonly subject: Name | Uint8Array
  readonly issuer: Name | Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** RSA or EC private key of the issuer. */
  readonly issuerKey: KeyObject
  readonly hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512'
  readonly serialNumber?: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  readonly extensions?: readonly CertificateExtension[]
  /** NULL parameters for ECDSA, absent ones for RSA: the deviations of Luna and of one YubiKey F9. */
  readonly oddAlgorithmParameters?: boolean
}

const SIGNATURE_OIDS = {
  rsa: {
    sha1: '1.2.840.113549.1.1.5',
    sha256: '1.2.840.113549.1.1.11',
    sha384: '1.2.840.113549.1.1.12',
    sha512: '1.2.840.113549.1.1.13',
  },
  ec: {
    sha1: '1.2.840.10045.4.1',
    sha256: '1.2.840.10045.4.3.2',
    sha384: '1.2.840.10045.4.3.3',
    sha512: '1.2.840.10045.4.3.4',
  },
} as const

/** DER. The signature is real; `alterSignature` may re-encode it afterwards. */
export function issueCertificate(
  template: CertificateTemplate,
  alterSignature: (signature: Uint8Array) => Uint8Array = (signature) => signature,
): Uint8Array {
  const hash = template.hash ?? 'sha256'
  const kind = template.issuerKey.asymmetricKeyType === 'ec' ? 'ec' : 'rsa'
  const withNull = (kind === 'rsa') !== (template.oddAlgorithmParameters ?? false)
  const algorithm = sequence(oid(SIGNATURE_OIDS[kind][hash]), ...(withNull ? [nullValue()] : []))
  const extensions = template.extensions ?? []
  const tbs = sequence(
    ...(extensions.length > 0 ? [explicit(0, integer(2))] : []),
    integer(template.serialNumber ?? positive(randomBytes(16))),
    algorithm,
    nameBytes(template.issuer),
    sequence(time(template.notBefore), time(template.notAfter)),
    nameBytes(template.subject),
    template.spki,
    ...(extensions.length > 0 ? [explicit(3, sequence(...extensions.map(encodeExtension)))] : []),
  )
  const signature = alterSignature(sign(hash, tbs, template.issuerKey))
  return sequence(tbs, algorithm, bitString(signature))
}

const nameBytes = (name: Name | Uint8Array): Uint8Array => (name instanceof Uint8Array ? name : encodeName(name))

const positive = (bytes: Buffer): Buffer => {
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01
  return bytes
}

function encodeExtension(extension: CertificateExtension): Uint8Array {
  const critical = extension.critical ? [boolean(true)] : extension.explicitCriticalFalse ? [boolean(false)] : []
  return sequence(oid(extension.oid), ...critical, octetString(extension.value))
}

/** basicConstraints, critical. */
export const basicConstraints = (ca: boolean, pathLength?: number): CertificateExtension => ({
  oid: '2.5.29.19',
  critical: true,
  value: sequence(...(ca ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])),
})

/** keyUsage, critical, from bit numbers (0 digitalSignature, 1 nonRepudiation, 5 keyCertSign, 6 cRLSign). */
export function keyUsage(...bits: readonly number[]): CertificateExtension {
  const highest = Math.max(...bits)
  const octets = new Uint8Array(Math.floor(highest / 8) + 1)
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  return { oid: '2.5.29.15', critical: true, value: bitString(octets, 7 - (highest & 7)) }
}

/** SHA-1 of the subjectPublicKey bits would need a parser here; RFC 7093 method 1 over the whole SPKI serves a double as well. */
const keyIdentifier = (spki: Uint8Array): Uint8Array => createHash('sha256').update(spki).digest().subarray(0, 20)

export const subjectKeyIdentifier = (spki: Uint8Array): CertificateExtension => ({
  oid: '2.5.29.14',
  value: octetString(keyIdentifier(spki)),
})

export const authorityKeyIdentifier = (issuerSpki: Uint8Array): CertificateExtension => ({
  oid: '2.5.29.35',
  value: sequence(Uint8Array.of(0x80, 20, ...keyIdentifier(issuerSpki))),
})
