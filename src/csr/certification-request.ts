import { type AlgorithmIdentifier, type Extension, readAlgorithm, readExtensions } from '../asn1/certificate.ts'
import { contextTag, type DerNode, readDer, readSequence, TAG } from '../asn1/der.ts'
import { readBitStringOctets, readOid, readSmallInteger } from '../asn1/der-values.ts'
import { readPublicNumbers } from '../asn1/public-numbers.ts'
import { isStrictSignature } from '../asn1/signature-value.ts'
import { importKey, verifyWith } from '../primitives/primitives.ts'

/** An attribute of a request, such as those of RFC 2985 5.4. */
export interface RequestAttribute {
  /** Dotted. */
  readonly oid: string
  /** At least one, each in DER. */
  readonly values: readonly Uint8Array[]
}

/** A PKCS#10 request (RFC 2986), read once. Every byte array is a view of `der`. */
export interface CertificationRequest {
  readonly der: Uint8Array
  /** CertificationRequestInfo: what is signed. */
  readonly info: Uint8Array
  /** Name, DER. */
  readonly subject: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** In their order, extensionRequest among them; empty where there is none. */
  readonly attributes: readonly RequestAttribute[]
  /** Of the extensionRequest attribute; empty where there is none. */
  readonly extensions: ReadonlyMap<string, Extension>
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
}

export const OID_EXTENSION_REQUEST = '1.2.840.113549.1.9.14'

/** Signature algorithms of requests: RFC 4055, RFC 5758. SHA-1 is readable so that policy can name it; MD5 is not. */
export const REQUEST_SIGNATURES: readonly {
  readonly oid: string
  readonly key: 'RSA' | 'EC'
  readonly hash: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'
}[] = [
  { oid: '1.2.840.113549.1.1.5', key: 'RSA', hash: 'SHA-1' },
  { oid: '1.2.840.113549.1.1.11', key: 'RSA', hash: 'SHA-256' },
  { oid: '1.2.840.113549.1.1.12', key: 'RSA', hash: 'SHA-384' },
  { oid: '1.2.840.113549.1.1.13', key: 'RSA', hash: 'SHA-512' },
  { oid: '1.2.840.10045.4.1', key: 'EC', hash: 'SHA-1' },
  { oid: '1.2.840.10045.4.3.2', key: 'EC', hash: 'SHA-256' },
  { oid: '1.2.840.10045.4.3.3', key: 'EC', hash: 'SHA-384' },
  { oid: '1.2.840.10045.4.3.4', key: 'EC', hash: 'SHA-512' },
]

/** Reads a PKCS#10 request in DER. Throws DerError. */
export function parseCertificationRequest(der: Uint8Array): CertificationRequest {
  const node = readDer(der, { maxSize: 1 << 16 })
  if (readSequence(node, 'CertificationRequest').length !== 3) throw node.fail('CertificationRequest is malformed')
  const info = node.at(0, 'certificationRequestInfo').expect(TAG.sequence, 'certificationRequestInfo')
  if (readSmallInteger(info.at(0, 'version'), 'version') !== 0) throw info.fail('the version of the request is not 1')
  const attributes = info.children[3]
  if (info.children.length > 4 || (attributes !== undefined && attributes.tag !== contextTag(0))) {
    throw info.fail('unexpected field in certificationRequestInfo')
  }
  return {
    der: node.bytes,
    info: info.bytes,
    subject: info.at(1, 'subject').expect(TAG.sequence, 'subject').bytes,
    spki: info.at(2, 'subjectPublicKeyInfo').expect(TAG.sequence, 'subjectPublicKeyInfo').bytes,
    attributes: attributes === undefined ? [] : attributes.children.map(readAttribute),
    extensions: attributes === undefined ? new Map() : requestedExtensions(attributes),
    signatureAlgorithm: readAlgorithm(node.at(1, 'signatureAlgorithm')),
    signature: readBitStringOctets(node.at(2, 'signature'), 'signature'),
  }
}

const REQUEST_DEVIATIONS = { explicitCriticalFalse: true, emptyExtensions: true } as const

function readAttribute(attribute: DerNode): RequestAttribute {
  const [type, values] = readSequence(attribute, 'Attribute')
  if (type === undefined || values === undefined || attribute.children.length !== 2) {
    throw attribute.fail('Attribute is malformed')
  }
  const { children } = values.expect(TAG.set, 'attribute values')
  return { oid: readOid(type), values: children.map(({ bytes }) => bytes) }
}

function requestedExtensions(attributes: DerNode): ReadonlyMap<string, Extension> {
  let found: ReadonlyMap<string, Extension> | undefined
  for (const attribute of attributes.children) {
    if (readAttribute(attribute).oid !== OID_EXTENSION_REQUEST) continue
    const values = attribute.at(1, 'attribute values')
    if (found !== undefined || values.children.length !== 1) throw attribute.fail('extensionRequest appears twice')
    // Not evidence: a program that writes `critical FALSE` out asks for the same, and one that lists nothing asks for nothing
    // (python-cryptography up to 35, so ykman 4.0.0 to 4.0.7).
    found = readExtensions(values.at(0, 'extensionRequest'), REQUEST_DEVIATIONS)
  }
  return found ?? new Map()
}

/** The hash that the request was signed with, or undefined where the algorithm is not one of `REQUEST_SIGNATURES`. */
export function requestHash(request: CertificationRequest): 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512' | undefined {
  return REQUEST_SIGNATURES.find(({ oid }) => oid === request.signatureAlgorithm.oid)?.hash
}

/** Why the signature is not even verified: its algorithm is not accepted, or a key is none that can be read here. Undefined if it is. */
export function whyNotVerified(request: CertificationRequest): 'algorithm' | 'key' | undefined {
  if (requestHash(request) === undefined) return 'algorithm'
  return readPublicNumbers(request.spki) === undefined ? 'key' : undefined
}

/**
 * Does the request prove possession of its own key?
 *
 * @returns false for any signature or algorithm that does not fit.
 * @throws Nothing.
 * @example
 * ```ts
 * const proven = verifyCertificationRequest(readCertificationRequest(readFileSync('request.csr')))
 * ```
 */
export function verifyCertificationRequest(request: CertificationRequest): boolean {
  const algorithm = REQUEST_SIGNATURES.find(({ oid }) => oid === request.signatureAlgorithm.oid)
  if (algorithm === undefined || !parametersFit(request.signatureAlgorithm)) return false
  const numbers = readPublicNumbers(request.spki)
  if (numbers?.type !== algorithm.key) return false
  if (numbers.type === 'EC' && !isStrictSignature(request.signature)) return false
  const key = importKey(numbers, request.spki)
  return key !== undefined && verifyWith(DIGEST[algorithm.hash], key, request.info, request.signature)
}

const DIGEST = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const

/**
 * RSA has NULL, and a reader must accept none (RFC 4055 5). ECDSA has none (RFC 5758 3.2), but Luna's `cmu requestcertificate`
 * writes NULL (github.com/ThalesGroup/luna-pkc-validator, tests/ecc-test.csr).
 */
function parametersFit({ parameters }: AlgorithmIdentifier): boolean {
  return parameters === undefined || (parameters.length === 2 && parameters[0] === TAG.null && parameters[1] === 0)
}
