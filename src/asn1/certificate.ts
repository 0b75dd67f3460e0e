import { contextTag, type DerLimits, DerNode, readDer, readSequence, TAG } from './der.ts'
import { readBitStringOctets, readBoolean, readOctetString, readOid, readSmallInteger, readTime } from './der-values.ts'
import { OctetMemory } from './octet-memory.ts'

/** AlgorithmIdentifier (RFC 5280 4.1.1.2): `oid` is dotted, `parameters` and `der` are DER. */
export interface AlgorithmIdentifier {
  readonly oid: string
  /** The parameters' DER, undefined where absent. */
  readonly parameters?: Uint8Array
  readonly der: Uint8Array
}

/** One extension of a certificate or a request (RFC 5280 4.2); `value` is what its OCTET STRING holds. */
export interface Extension {
  readonly oid: string
  readonly critical: boolean
  /** What stands inside the OCTET STRING. */
  readonly value: Uint8Array
}

/** An X.509 certificate, read once. Every byte array, but for the algorithm's, is a view of `der`. */
export interface Certificate {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  /** 1 or 3. */
  readonly version: number
  /** Content octets of the INTEGER. */
  readonly serialNumber: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  /** Name, DER. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** Milliseconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly extensions: ReadonlyMap<string, Extension>
  readonly signature: Uint8Array
}

/** Named ways in which genuine certificates of one vendor leave DER; allowed only where a caller names them. */
export interface CertificateDeviations {
  /** `critical FALSE` written out although it is the default: Luna (vector thales-rsa). */
  readonly explicitCriticalFalse?: boolean
  /** A list of extensions without one in it: requests alone, never certificates (RFC 5280 4.1: 1..MAX). */
  readonly emptyExtensions?: boolean
}

/** Throws DerError. */
export function parseCertificate(
  der: Uint8Array,
  deviations: CertificateDeviations = {},
  limits: DerLimits = { maxSize: 1 << 16 },
): Certificate {
  return certificateFromNode(readDer(der, limits), deviations)
}

export function certificateFromNode(node: DerNode, deviations: CertificateDeviations = {}): Certificate {
  const parts = readSequence(node, 'Certificate').length
  if (parts !== 3) throw node.fail(`Certificate has ${parts} parts, expected 3`)
  const tbs = node.at(0, 'tbsCertificate').expect(TAG.sequence, 'tbsCertificate')
  const signatureAlgorithm = readAlgorithm(node.at(1, 'signatureAlgorithm'))
  const hasVersion = tbs.children[0]?.tag === contextTag(0)
  const version = hasVersion ? readVersion(tbs.at(0, 'version')) : 1
  const base = hasVersion ? 1 : 0
  if (!tbs.at(base + 1, 'signature').holds(signatureAlgorithm.der)) {
    throw tbs.fail('the signature algorithm inside and outside the certificate differ')
  }
  const validity = tbs.at(base + 3, 'validity').expect(TAG.sequence, 'validity')
  if (validity.children.length !== 2) throw validity.fail('validity does not contain two times')
  return {
    der: node.bytes,
    tbs: tbs.bytes,
    version,
    serialNumber: tbs.at(base, 'serialNumber').expect(TAG.integer, 'serialNumber').content,
    signatureAlgorithm,
    issuer: tbs.at(base + 2, 'issuer').expect(TAG.sequence, 'issuer').bytes,
    notBefore: readTime(validity.at(0, 'notBefore'), 'notBefore'),
    notAfter: readTime(validity.at(1, 'notAfter'), 'notAfter'),
    subject: tbs.at(base + 4, 'subject').expect(TAG.sequence, 'subject').bytes,
    spki: tbs.at(base + 5, 'subjectPublicKeyInfo').expect(TAG.sequence, 'subjectPublicKeyInfo').bytes,
    extensions: readTail(tbs, base + 6, version, deviations),
    signature: readBitStringOctets(node.at(2, 'signatureValue'), 'signatureValue'),
  }
}

function readVersion(node: DerNode): number {
  if (node.children.length !== 1) throw node.fail('version is malformed')
  const version = readSmallInteger(node.at(0, 'version'), 'version')
  if (version !== 1 && version !== 2)
    throw node.fail(`version ${version} is unknown, or encoded although it is the default`)
  return version + 1
}

export const readAlgorithm = (node: DerNode): AlgorithmIdentifier =>
  algorithms.get(node.source, node.start, node.end, algorithmAt)

/** The value at `start`, which is checked already. */
function algorithmAt(source: Uint8Array, start: number): AlgorithmIdentifier {
  const node = new DerNode(source, start)
  const items = readSequence(node, 'AlgorithmIdentifier')
  if (items.length < 1 || items.length > 2) throw node.fail('AlgorithmIdentifier is malformed')
  const der = Uint8Array.from(node.bytes)
  const oid = readOid(node.at(0, 'algorithm'))
  return items[1] === undefined ? { oid, der } : { oid, der, parameters: der.subarray(items[1].start - start) }
}

const algorithms = new OctetMemory<AlgorithmIdentifier>(64, 64)

/** issuerUniqueID [1] and subjectUniqueID [2] are passed over; extensions [3] must come last. */
function readTail(
  tbs: DerNode,
  from: number,
  version: number,
  deviations: CertificateDeviations,
): ReadonlyMap<string, Extension> {
  let extensions: ReadonlyMap<string, Extension> | undefined
  let last = 0
  for (let index = from; index < tbs.children.length; index++) {
    const item = tbs.at(index, 'a field')
    const number = item.tag & 0x1f
    if ((item.tag & 0xc0) !== 0x80 || number <= last || number > 3)
      throw item.fail('unexpected field in tbsCertificate')
    last = number
    if (item.tag !== contextTag(3)) continue
    if (version !== 3) throw item.fail('extensions in a certificate that is not version 3')
    if (item.children.length !== 1) throw item.fail('extensions are malformed')
    extensions = readExtensions(item.at(0, 'extensions'), deviations)
  }
  return extensions ?? new Map()
}

/** Extensions ::= SEQUENCE OF Extension. An OID that stands twice is refused. */
export function readExtensions(node: DerNode, deviations: CertificateDeviations = {}): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  const items = readSequence(node, 'Extensions')
  if (items.length === 0 && deviations.emptyExtensions !== true) throw node.fail('Extensions is empty')
  for (const item of items) {
    const parts = readSequence(item, 'Extension')
    if (parts.length < 2 || parts.length > 3) throw item.fail('Extension is malformed')
    const oid = readOid(item.at(0, 'extnID'))
    const critical = parts.length === 3 && readBoolean(item.at(1, 'critical'), 'critical')
    if (parts.length === 3 && !critical && deviations.explicitCriticalFalse !== true) {
      throw item.fail('critical FALSE is encoded although it is the default')
    }
    if (extensions.has(oid)) throw item.fail(`the extension ${oid} appears twice`)
    extensions.set(oid, { oid, critical, value: readOctetString(item.at(parts.length - 1, 'extnValue'), 'extnValue') })
  }
  return extensions
}
