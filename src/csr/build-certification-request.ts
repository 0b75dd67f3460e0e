import { isIP } from 'node:net'
import type { AsnType, Sequence } from 'asn1js'
import type { DeviceKey, HashName } from '../../devices/device.ts'
import { bitString, sequence } from '../asn1/der-writer.ts'
import { encodeName, type Name } from '../asn1/name.ts'
import { parsePublicKey } from '../asn1/public-key.ts'
import { EnrollError } from '../errors.ts'
import {
  type CertificationRequest,
  OID_EXTENSION_REQUEST,
  parseCertificationRequest,
  REQUEST_SIGNATURES,
  verifyCertificationRequest,
} from './certification-request.ts'

export interface SubjectAltName {
  readonly type: 'dns' | 'email' | 'uri' | 'ip'
  readonly value: string
}

export interface RequestTemplate {
  readonly subject: Name
  readonly subjectAltNames?: readonly SubjectAltName[]
  /** Bit names of RFC 5280 4.2.1.3. */
  readonly keyUsage?: readonly KeyUsageName[]
  /** Dotted OIDs. */
  readonly extendedKeyUsage?: readonly string[]
  /** Default: SHA-384 for P-384, else SHA-256. */
  readonly hash?: HashName
}

export const KEY_USAGE_NAMES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
] as const
export type KeyUsageName = (typeof KEY_USAGE_NAMES)[number]

/** What a request needs of a device key. */
export type RequestSigner = Pick<DeviceKey, 'publicKey' | 'sign'>

/** Largest hash that still fits the key is P-384 with SHA-384; RSA takes any. */
export function defaultRequestHash(spki: Uint8Array): HashName {
  const key = parsePublicKey(spki)
  return key.type === 'EC' && key.curve === 'P-384' ? 'SHA-384' : 'SHA-256'
}

/**
 * Builds a PKCS#10 request, has the device sign it, and reads it back: nobody sees a request whose signature does not verify
 * or whose key is not the device's. Throws EnrollError `csr.signature` otherwise.
 */
export async function buildCertificationRequest(
  template: RequestTemplate,
  signer: RequestSigner,
): Promise<CertificationRequest> {
  const [pkijs, asn1js] = await Promise.all([import('pkijs'), import('asn1js')])
  const hash = template.hash ?? defaultRequestHash(signer.publicKey)
  const keyType = parsePublicKey(signer.publicKey).type
  const algorithm = REQUEST_SIGNATURES.find((entry) => entry.key === keyType && entry.hash === hash)
  if (algorithm === undefined) {
    throw new EnrollError('csr.key-type', `Could not sign a request with a key of this type (${keyType}).`, {
      remedy: 'Generate an RSA, P-256 or P-384 key.',
    })
  }
  const request = new pkijs.CertificationRequest()
  request.version = 0
  request.subject = pkijs.RelativeDistinguishedNames.fromBER(exactBuffer(encodeName(template.subject)))
  request.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(exactBuffer(signer.publicKey))
  const extensions = requestedExtensions(template, pkijs, asn1js)
  if (extensions.length > 0) {
    request.attributes = [
      new pkijs.Attribute({
        type: OID_EXTENSION_REQUEST,
        values: [new pkijs.Extensions({ extensions }).toSchema()],
      }),
    ]
  }
  request.signatureAlgorithm = new pkijs.AlgorithmIdentifier({
    algorithmId: algorithm.oid,
    ...(algorithm.key === 'RSA' ? { algorithmParams: new asn1js.Null() } : {}),
  })
  const info = new Uint8Array(firstChild(request.toSchema(true)).toBER())
  const signature = await signer.sign(hash, info)
  return proven(
    sequence(info, new Uint8Array(request.signatureAlgorithm.toSchema().toBER()), bitString(signature)),
    signer.publicKey,
  )
}

/** CertificationRequestInfo is the first of the three parts that pkijs writes. */
function firstChild(schema: Sequence): AsnType {
  const child = schema.valueBlock.value[0]
  if (child === undefined) throw new Error('pkijs wrote an empty request')
  return child
}

/** pkijs reads whole ArrayBuffers; a view of a larger one must be copied out. */
function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return buffer
}

function proven(der: Uint8Array, publicKey: Uint8Array): CertificationRequest {
  const request = parseCertificationRequest(der)
  if (Buffer.compare(request.spki, publicKey) !== 0 || !verifyCertificationRequest(request)) {
    throw new EnrollError(
      'csr.signature',
      'Could not verify the request that the device signed: its signature does not fit its key.',
      {
        remedy:
          'Nothing was sent. Run `hsm-enroll doctor`; if the device reports no fault, its driver returned a signature of another key.',
        exitCode: 3,
      },
    )
  }
  return request
}

type PkiJs = typeof import('pkijs')
type Asn1Js = typeof import('asn1js')

function requestedExtensions(
  template: RequestTemplate,
  pkijs: PkiJs,
  asn1js: Asn1Js,
): InstanceType<PkiJs['Extension']>[] {
  const extensions: InstanceType<PkiJs['Extension']>[] = []
  const add = (extnID: string, critical: boolean, value: ArrayBuffer): void => {
    extensions.push(new pkijs.Extension({ extnID, critical, extnValue: value }))
  }
  if (template.keyUsage !== undefined && template.keyUsage.length > 0) {
    add('2.5.29.15', true, keyUsageBits(template.keyUsage, asn1js))
  }
  if (template.extendedKeyUsage !== undefined && template.extendedKeyUsage.length > 0) {
    add('2.5.29.37', false, new pkijs.ExtKeyUsage({ keyPurposes: [...template.extendedKeyUsage] }).toSchema().toBER())
  }
  if (template.subjectAltNames !== undefined && template.subjectAltNames.length > 0) {
    const altNames = template.subjectAltNames.map((name) => generalName(name, pkijs, asn1js))
    add('2.5.29.17', false, new pkijs.GeneralNames({ names: altNames }).toSchema().toBER())
  }
  return extensions
}

/** A named bit list has no trailing zero bits (X.690 11.2.2). */
function keyUsageBits(names: readonly KeyUsageName[], asn1js: Asn1Js): ArrayBuffer {
  let octet = 0
  for (const name of names) octet |= 0x80 >> KEY_USAGE_NAMES.indexOf(name)
  const unusedBits = Math.min(7, 31 - Math.clz32(octet & -octet))
  return new asn1js.BitString({ valueHex: Uint8Array.of(octet).buffer, unusedBits }).toBER()
}

function generalName(name: SubjectAltName, pkijs: PkiJs, asn1js: Asn1Js): InstanceType<PkiJs['GeneralName']> {
  switch (name.type) {
    case 'email':
      return new pkijs.GeneralName({ type: 1, value: name.value })
    case 'dns':
      return new pkijs.GeneralName({ type: 2, value: name.value })
    case 'uri':
      return new pkijs.GeneralName({ type: 6, value: name.value })
    case 'ip':
      return new pkijs.GeneralName({
        type: 7,
        value: new asn1js.OctetString({ valueHex: exactBuffer(addressOctets(name.value)) }),
      })
  }
}

function addressOctets(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.').map(Number))
  if (isIP(address) === 6) return ipv6Octets(address)
  throw new EnrollError('csr.subject-alt-name', `Could not read "${address.slice(0, 60)}" as an IP address.`, {
    remedy: 'Write an IPv4 address (192.0.2.1) or an IPv6 address (2001:db8::1).',
  })
}

function ipv6Octets(address: string): Uint8Array {
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const read = (text: string | undefined): number[] =>
    text === undefined || text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const head = read(groups[0])
  const tail = read(groups[1])
  const all = [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}
