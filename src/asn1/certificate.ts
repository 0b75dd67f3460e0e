import {
  contentStartOf,
  contextTag,
  type DerLimits,
  DerNode,
  endOf,
  expectTag,
  readDer,
  readSequence,
  startsOf,
  TAG,
} from './der.ts'
import { DerError } from './der-error.ts'
import { oidAt, readOid, readSmallInteger, timeAt } from './der-values.ts'
import { OctetMemory } from './octet-memory.ts'
import { sameOctets } from './octets.ts'

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
  /** `critical FALSE` is written out although it is the default. */
  readonly criticalFalse?: true
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
  const { source, start } = node
  // Offsets, not nodes: a batch reads thousands of certificates, and a node of every value costs more than the rest.
  const parts = partsOf(source, start, 'Certificate')
  if (parts.length !== 3) throw node.fail(`Certificate has ${parts.length} parts, expected 3`)
  const [tbs = 0, algorithm = 0, signature = 0] = parts
  const fields = partsOf(source, tbs, 'tbsCertificate')
  const signatureAlgorithm = algorithmFrom(source, algorithm)
  const hasVersion = source[fields[0] ?? tbs] === contextTag(0)
  const version = hasVersion ? versionAt(source, fields[0] ?? tbs) : 1
  const base = hasVersion ? 1 : 0
  const inner = fieldAt(fields, base + 1, tbs, 'signature')
  if (!sameOctets(source, inner, endOf(source, inner), signatureAlgorithm.der)) {
    throw new DerError('the signature algorithm inside and outside the certificate differ', tbs)
  }
  const validity = fieldAt(fields, base + 3, tbs, 'validity')
  const times = partsOf(source, validity, 'validity')
  if (times.length !== 2) throw new DerError('validity does not contain two times', validity)
  const serialNumber = expectTag(source, fieldAt(fields, base, tbs, 'serialNumber'), TAG.integer, 'serialNumber')
  return {
    der: node.bytes,
    tbs: bytesAt(source, tbs),
    version,
    serialNumber: source.subarray(contentStartOf(source, serialNumber), endOf(source, serialNumber)),
    signatureAlgorithm,
    issuer: sequenceAt(source, fieldAt(fields, base + 2, tbs, 'issuer'), 'issuer'),
    notBefore: timeAt(source, times[0] ?? validity, 'notBefore'),
    notAfter: timeAt(source, times[1] ?? validity, 'notAfter'),
    subject: sequenceAt(source, fieldAt(fields, base + 4, tbs, 'subject'), 'subject'),
    spki: sequenceAt(source, fieldAt(fields, base + 5, tbs, 'subjectPublicKeyInfo'), 'subjectPublicKeyInfo'),
    extensions: readTail(source, fields, base + 6, version, deviations),
    signature: signatureAt(source, signature),
  }
}

/** Where the parts of the SEQUENCE at `start` begin. */
const partsOf = (source: Uint8Array, start: number, what: string): readonly number[] =>
  startsOf(source, contentStartOf(source, expectTag(source, start, TAG.sequence, what)), endOf(source, start))

function fieldAt(fields: readonly number[], index: number, tbs: number, what: string): number {
  const at = fields[index]
  if (at === undefined) throw new DerError(`${what} is missing`, tbs)
  return at
}

const bytesAt = (source: Uint8Array, start: number): Uint8Array => source.subarray(start, endOf(source, start))

const sequenceAt = (source: Uint8Array, start: number, what: string): Uint8Array =>
  bytesAt(source, expectTag(source, start, TAG.sequence, what))

/** What a BIT STRING holds whose bits fill whole octets: the first octet counts those that do not. */
function signatureAt(source: Uint8Array, start: number): Uint8Array {
  const content = contentStartOf(source, expectTag(source, start, TAG.bitString, 'signatureValue'))
  if (source[content] !== 0) throw new DerError('signatureValue does not fill whole octets', start)
  return source.subarray(content + 1, endOf(source, start))
}

function versionAt(source: Uint8Array, start: number): number {
  const content = contentStartOf(source, start)
  // The two that there are, at once: [0] { INTEGER 2 } and [0] { INTEGER 1 }.
  if (endOf(source, start) - content === 3 && source[content] === TAG.integer) {
    const version = source[content + 2]
    if (version === 1 || version === 2) return version + 1
  }
  const node = new DerNode(source, start)
  if (node.children.length !== 1) throw node.fail('version is malformed')
  const version = readSmallInteger(node.at(0, 'version'), 'version')
  if (version !== 1 && version !== 2)
    throw node.fail(`version ${version} is unknown, or encoded although it is the default`)
  return version + 1
}

export const readAlgorithm = ({ source, start }: DerNode): AlgorithmIdentifier => algorithmFrom(source, start)

const algorithmFrom = (source: Uint8Array, start: number): AlgorithmIdentifier =>
  algorithms.get(source, start, endOf(source, start), algorithmAt)

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
  source: Uint8Array,
  fields: readonly number[],
  from: number,
  version: number,
  deviations: CertificateDeviations,
): ReadonlyMap<string, Extension> {
  let extensions: ReadonlyMap<string, Extension> | undefined
  let last = 0
  for (let index = from; index < fields.length; index++) {
    const start = fields[index] ?? 0
    const tag = source[start] ?? 0
    const number = tag & 0x1f
    if ((tag & 0xc0) !== 0x80 || number <= last || number > 3)
      throw new DerError('unexpected field in tbsCertificate', start)
    last = number
    if (tag !== contextTag(3)) continue
    if (version !== 3) throw new DerError('extensions in a certificate that is not version 3', start)
    const [list, ...more] = startsOf(source, contentStartOf(source, start), endOf(source, start))
    if (list === undefined || more.length > 0) throw new DerError('extensions are malformed', start)
    extensions = extensionsAt(source, list, deviations)
  }
  return extensions ?? new Map()
}

/** Extensions ::= SEQUENCE OF Extension. An OID that stands twice is refused. */
export const readExtensions = (
  { source, start }: DerNode,
  deviations: CertificateDeviations = {},
): ReadonlyMap<string, Extension> => extensionsAt(source, start, deviations)

function extensionsAt(source: Uint8Array, start: number, deviations: CertificateDeviations): Map<string, Extension> {
  const extensions = new Map<string, Extension>()
  const items = partsOf(source, start, 'Extensions')
  if (items.length === 0 && deviations.emptyExtensions !== true) throw new DerError('Extensions is empty', start)
  for (const item of items) {
    const extension = extensionAt(source, item, deviations, extensions)
    extensions.set(extension.oid, extension)
  }
  return extensions
}

function extensionAt(
  source: Uint8Array,
  item: number,
  deviations: CertificateDeviations,
  earlier: ReadonlyMap<string, Extension>,
): Extension {
  const end = endOf(source, item)
  const first = contentStartOf(source, expectTag(source, item, TAG.sequence, 'Extension'))
  const second = first < end ? endOf(source, first) : end
  const third = second < end ? endOf(source, second) : end
  const isThree = third < end
  if (second >= end || (isThree && endOf(source, third) < end)) throw new DerError('Extension is malformed', item)
  const oid = oidAt(source, first, 'OBJECT IDENTIFIER')
  const critical =
    isThree && source[contentStartOf(source, expectTag(source, second, TAG.boolean, 'critical'))] === 0xff
  const isFalse = isThree && !critical
  if (isFalse && deviations.explicitCriticalFalse !== true) {
    throw new DerError('critical FALSE is encoded although it is the default', item)
  }
  if (earlier.has(oid)) throw new DerError(`the extension ${oid} appears twice`, item)
  const octets = expectTag(source, isThree ? third : second, TAG.octetString, 'extnValue')
  const value = source.subarray(contentStartOf(source, octets), endOf(source, octets))
  return isFalse ? { oid, critical, value, criticalFalse: true } : { oid, critical, value }
}
