/** Certificates made to lead a reader in circles, or to make it verify much: rings, crowds of one name, keys out of all measure. */
import { randomBytes } from 'node:crypto'
import { bitString, integer, nullValue, octetString, oid, sequence, tlv } from '../../src/asn1/der-writer.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { rsaPublicKeyInfo } from '../../src/asn1/public-key-writer.ts'
import { basicConstraints, type CertificateExtension, issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { certsOnly } from '../../src/sandbox/luna/evidence/issuer.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import type { HostileShape } from './hostile-shapes.ts'

const DATES = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') }
/** The most that any package may hold; P-521 is the slowest key that certificates are verified with. */
const CROWD = 16
const keys = Array.from({ length: CROWD }, () => testKeyPair('P-521'))
const [outsider] = keys

interface Link {
  readonly subject: Uint8Array | string
  readonly issuer: Uint8Array | string
  /** Index into `keys`: whose key it certifies, and who signs. */
  readonly key: number
  readonly signer: number
}

const nameOf = (name: Uint8Array | string) => (typeof name === 'string' ? parseNameText(name) : name)

function certify({ subject, issuer, key, signer }: Link): Uint8Array {
  const [own, other] = [keys[key % CROWD], keys[signer % CROWD]]
  if (own === undefined || other === undefined) throw new Error('no such key')
  return issueCertificate({
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    spki: own.spki,
    issuerKey: other.privateKey,
    hash: 'sha512',
    ...DATES,
    extensions: [basicConstraints(true)],
  })
}

const range = (length: number): readonly number[] => Array.from({ length }, (_, index) => index)

/** Each is signed by the next, the last by the first. */
const ring = (length: number): readonly Uint8Array[] =>
  range(length).map((at) =>
    certify({ subject: `CN=${at}`, issuer: `CN=${(at + 1) % length}`, key: at, signer: (at + 1) % length }),
  )

/** All of one name, each signed by itself. */
const selfSigned = (length: number, name: Uint8Array | string): readonly Uint8Array[] =>
  range(length).map((at) => certify({ subject: name, issuer: name, key: at, signer: at }))

/** All of one name, each signed by the next: every step has as many candidates as there are certificates. */
const crowd = (length: number, name: Uint8Array | string): readonly Uint8Array[] =>
  range(length).map((at) => certify({ subject: name, issuer: name, key: at, signer: at + 1 }))

/** All of one name, none signed by any of them. */
const strangers = (length: number, name: Uint8Array | string): readonly Uint8Array[] =>
  range(length - 1).map((at) => certify({ subject: name, issuer: name, key: at, signer: CROWD - 1 }))

const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64')

type Make = () => readonly Uint8Array[]

const pem = (certificates: readonly Uint8Array[]): Uint8Array =>
  Buffer.from(certificates.map((der) => writePem('CERTIFICATE', der)).join(''))

function fortanixReply([statement, ...chain]: readonly Uint8Array[]): Uint8Array {
  const reply = {
    attestation_statement: { format: 'x509_certificate', statement: base64(statement ?? new Uint8Array(0)) },
    authority_chain: chain.slice(0, 8).map(base64),
  }
  return Buffer.from(JSON.stringify(reply))
}

/** The certificates in the forms of the families, each for its readers. */
const packed = (name: string, make: Make): readonly HostileShape[] => [
  {
    name: `${name}, PEM`,
    make: () => pem(make()),
    readers: ['explain', 'YUBIKEY', 'YUBIHSM2', 'chains beside a statement'],
  },
  { name: `${name}, first six in PEM`, make: () => pem(make().slice(0, 6)), readers: ['YUBIKEY', 'YUBIHSM2'] },
  { name: `${name}, PKCS#7`, make: () => certsOnly(make()), readers: ['explain', 'LUNA'] },
  { name: `${name}, first five in PKCS#7`, make: () => certsOnly(make().slice(0, 5)), readers: ['LUNA'] },
  { name: `${name}, Fortanix`, make: () => fortanixReply(make()), readers: ['FORTANIX', 'explain'] },
]

/** A name (DER) of a pinned anchor, and the reader that then tries the anchor's key too. */
export interface AnchorName {
  readonly reader: string
  readonly subject: Uint8Array
}

const crowds = (name: Uint8Array | string, what: string): readonly HostileShape[] => [
  ...packed(`16 of ${what} in a ring`, () => crowd(CROWD, name)),
  ...packed(`16 strangers of ${what}`, () => strangers(CROWD, name)),
]

export const hostileChains = (anchors: readonly AnchorName[]): readonly HostileShape[] => [
  ...packed('two that sign each other', () => ring(2)),
  ...packed('a ring of 16', () => ring(CROWD)),
  ...packed('16 self-signed of one name', () => selfSigned(CROWD, 'CN=one name')),
  ...crowds('CN=one name', 'one name'),
  ...anchors.flatMap(({ reader, subject }) =>
    crowds(subject, "an anchor's name")
      .filter(({ readers }) => readers?.includes(reader))
      .map((shape) => ({ ...shape, readers: [reader] })),
  ),
]

const ones = (octets: number): Buffer => Buffer.alloc(octets, 0xff)

/** A curve written out in full (RFC 3279 2.3.5) over a field that is none: 661 bits is OpenSSL's bound. */
function explicitCurve(): Uint8Array {
  const field = ones(82)
  const point = Buffer.concat([Buffer.of(4), ones(164)])
  const parameters = sequence(
    integer(1),
    sequence(oid('1.2.840.10045.1.1'), integer(field)),
    sequence(octetString(ones(82)), octetString(ones(82))),
    octetString(point),
    integer(ones(82)),
  )
  return sequence(sequence(oid('1.2.840.10045.2.1'), parameters), bitString(point))
}

const dsaKey = (octets: number): Uint8Array =>
  sequence(
    sequence(oid('1.2.840.10040.4.1'), sequence(integer(ones(octets)), integer(ones(32)), integer(ones(octets - 1)))),
    bitString(integer(ones(octets - 1))),
  )

/** An odd number of full length, another one each time: keys that were seen before are remembered. */
function odd(octets: number): Buffer {
  const number = randomBytes(octets)
  number[0] = 0xff
  number[octets - 1] = 0xff
  return number
}

const KEYS: readonly { readonly name: string; readonly spki: () => Uint8Array; readonly signature: number }[] = [
  { name: 'RSA 8192, exponent of 32 bits', spki: () => rsaPublicKeyInfo(odd(1024), ones(4)), signature: 1024 },
  { name: 'RSA 16384, exponent of 64 bits', spki: () => rsaPublicKeyInfo(odd(2048), ones(8)), signature: 2048 },
  { name: 'RSA 3072, exponent of 3072 bits', spki: () => rsaPublicKeyInfo(odd(384), ones(383)), signature: 384 },
  { name: 'RSA 60000', spki: () => rsaPublicKeyInfo(odd(7500), ones(4)), signature: 7500 },
  { name: 'RSA 3072, exponent of 60000 bits', spki: () => rsaPublicKeyInfo(odd(384), ones(7500)), signature: 384 },
  { name: 'EC on a curve of its own', spki: explicitCurve, signature: 140 },
  { name: 'DSA 4096', spki: () => dsaKey(512), signature: 70 },
  { name: 'DSA 60000', spki: () => dsaKey(7500), signature: 70 },
]

const RSA_SHA256 = sequence(oid('1.2.840.113549.1.1.11'), nullValue())

/** Two or three certificates of such a key that name each other as issuer, with signatures of the right length; and a request. */
function withKey({ name, spki, signature }: (typeof KEYS)[number]): readonly HostileShape[] {
  const bits = (): Uint8Array => bitString(Buffer.concat([Buffer.of(0), randomBytes(signature - 1)]))
  const certificates: Make = () => {
    const key = spki()
    return ['CN=a', 'CN=b', 'CN=a'].slice(0, key.length > 5000 ? 2 : 3).map((subject) => {
      const der = outsiderCertificate(subject, subject === 'CN=a' ? 'CN=b' : 'CN=a', key, [])
      return resigned(der, RSA_SHA256, bits())
    })
  }
  return [
    ...packed(`certificates of ${name}`, certificates),
    {
      name: `request of ${name}`,
      make: () => sequence(sequence(integer(0), sequence(), spki(), tlv(0xa0)), RSA_SHA256, bits()),
      readers: ['request', 'explain'],
    },
  ]
}

function outsiderCertificate(
  subject: string,
  issuer: string,
  spki: Uint8Array,
  extensions: readonly CertificateExtension[],
): Uint8Array {
  if (outsider === undefined) throw new Error('no key')
  return issueCertificate({
    subject: parseNameText(subject),
    issuer: parseNameText(issuer),
    spki,
    issuerKey: outsider.privateKey,
    ...DATES,
    extensions,
  })
}

/** The certificate with another algorithm, inside and outside, and other signature bits. */
function resigned(der: Uint8Array, algorithm: Uint8Array, bits: Uint8Array): Uint8Array {
  const old = sequence(oid('1.2.840.10045.4.3.2'))
  const node = Buffer.from(der)
  const outer = node.indexOf(old, node.indexOf(old) + 1)
  const tbs = node.subarray(4, outer)
  const inner = tbs.indexOf(old)
  const content = Buffer.concat([tbs.subarray(4, inner), algorithm, tbs.subarray(inner + old.length)])
  return sequence(sequence(content), algorithm, bits)
}

const outsiderKey = outsider?.spki ?? new Uint8Array(0)

/** Keys out of all measure, and certificates of thousands of extensions and names. */
export const hostileKeys = (): readonly HostileShape[] => [
  ...KEYS.flatMap(withKey),
  ...packed('a certificate of 1,000 extensions', () => {
    const extensions = range(1000).map((at) => ({
      oid: `1.3.6.1.4.1.41482.3.${at}`,
      critical: true,
      value: nullValue(),
    }))
    return [outsiderCertificate('CN=a', 'CN=b', outsiderKey, extensions)]
  }),
  ...packed('a certificate of 1,200 names', () => {
    const names = range(1200).map((at) => `CN=${at}`)
    return [outsiderCertificate(names.join(','), 'CN=b', outsiderKey, [])]
  }),
]
