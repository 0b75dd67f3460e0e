/** Evidence of draft-ietf-rats-pkix-key-attestation: what its DER says, bounded. What of it may be believed is another question. */
import {
  type AlgorithmIdentifier,
  type Certificate,
  certificateFromNode,
  readAlgorithm,
} from '../../asn1/certificate.ts'
import { contextTag, type DerNode, readDer, readSequence, TAG } from '../../asn1/der.ts'
import {
  readBoolean,
  readGeneralizedTime,
  readOctetString,
  readOid,
  readSmallInteger,
  readText,
} from '../../asn1/der-values.ts'
import { parsePublicKey } from '../../asn1/public-key.ts'
import {
  CLAIM_BY_OID,
  type ClaimKind,
  ELEMENT_BY_OID,
  type ElementType,
  type KnownClaim,
  PURPOSE_BY_OID,
} from './numbers.ts'

/** A module with more keys than this has them reported in pieces. */
const MAX_ELEMENTS = 256
const MAX_CLAIMS = 64
const MAX_SIGNATURES = 8
const MAX_CERTIFICATES = 16
const LIMITS = { maxSize: 1 << 18, maxNodes: 20_000, maxDepth: 24 } as const

export interface EvidenceClaim {
  readonly oid: string
  /** Absent: a claim that the draft does not have; it says nothing here. */
  readonly known?: KnownClaim
  /** Octets and keys as bytes, times in milliseconds since 1970, purposes by their names or OIDs. */
  readonly value?: string | number | boolean | Uint8Array | readonly string[]
}

export interface EvidenceElement {
  readonly oid: string
  /** Absent: an element that the draft does not have. */
  readonly type?: ElementType
  readonly claims: readonly EvidenceClaim[]
}

export interface EvidenceSignature {
  readonly keyId?: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey?: Uint8Array
  readonly certificate?: Certificate
  readonly algorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
}

export interface PkixEvidence {
  /** What is signed: the DER of TbsEvidence, tag and length included. */
  readonly tbs: Uint8Array
  readonly elements: readonly EvidenceElement[]
  readonly signatures: readonly EvidenceSignature[]
  readonly certificates: readonly Certificate[]
}

/** Throws DerError where it is not what the module of the draft describes, or larger than any device writes. */
export function readPkixEvidence(der: Uint8Array): PkixEvidence {
  const root = readDer(der, LIMITS)
  const [tbs, signatures, certificates, ...more] = readSequence(root, 'Evidence')
  if (tbs === undefined || signatures === undefined || more.length > 0) throw root.fail('Evidence is malformed')
  const [version, elements, ...others] = readSequence(tbs, 'TbsEvidence')
  if (version === undefined || elements === undefined || others.length > 0) throw tbs.fail('TbsEvidence is malformed')
  if (readSmallInteger(version, 'version') !== 1) throw version.fail('the version of the evidence is not 1')
  return {
    tbs: tbs.bytes,
    elements: someOf(elements, 'reportedElements', MAX_ELEMENTS).map(readElement),
    signatures: atMost(signatures, 'signatures', MAX_SIGNATURES).map(readSignature),
    certificates: certificates === undefined ? [] : readCertificates(certificates),
  }
}

/**
 * `[0] SEQUENCE OF Certificate`: explicit by the module of the draft; implicit in all that is written by the programs beside it, samples
 * included. Nobody signs them. The last member of a certificate is a BIT STRING, that of a list is not.
 */
function readCertificates(node: DerNode): readonly Certificate[] {
  const [only, ...more] = node.expect(contextTag(0), 'intermediateCertificates').children
  const isList = only !== undefined && more.length === 0 && only.children.at(-1)?.tag !== TAG.bitString
  const list = isList ? readSequence(only, 'intermediateCertificates') : node.children
  if (list.length > MAX_CERTIFICATES) throw node.fail(`it holds more than ${MAX_CERTIFICATES} certificates`)
  return list.map((certificate) => certificateFromNode(certificate))
}

function atMost(node: DerNode, what: string, most: number): readonly DerNode[] {
  const children = readSequence(node, what)
  if (children.length > most) throw node.fail(`${what} holds ${children.length}, more than ${most}`)
  return children
}

function someOf(node: DerNode, what: string, most: number): readonly DerNode[] {
  if (readSequence(node, what).length === 0) throw node.fail(`${what} is empty`)
  return atMost(node, what, most)
}

/** The one value in `[n] EXPLICIT`. */
function explicitly(node: DerNode, number: number): DerNode {
  const [value, ...more] = node.expect(contextTag(number), `[${number}]`).children
  if (value === undefined || more.length > 0) throw node.fail(`[${number}] does not hold one value`)
  return value
}

function readElement(node: DerNode): EvidenceElement {
  const [type, claims, ...more] = readSequence(node, 'ReportedElement')
  if (type === undefined || claims === undefined || more.length > 0) throw node.fail('ReportedElement is malformed')
  const oid = readOid(type)
  const known = ELEMENT_BY_OID.get(oid)
  return {
    oid,
    ...(known === undefined ? {} : { type: known }),
    claims: someOf(claims, 'claims', MAX_CLAIMS).map((claim) => readClaim(claim, known)),
  }
}

/** A claim of the draft in an element of another type means nothing there. */
function readClaim(node: DerNode, element: ElementType | undefined): EvidenceClaim {
  const [type, value, ...more] = readSequence(node, 'ReportedClaim')
  if (type === undefined || more.length > 0) throw node.fail('ReportedClaim is malformed')
  const oid = readOid(type)
  const known = CLAIM_BY_OID.get(oid)
  if (known === undefined || known.element !== element) return { oid }
  if (value === undefined) throw node.fail(`the claim ${known.name} has no value`)
  return { oid, known, value: readValue(value, known.kind, known.name) }
}

function readValue(node: DerNode, kind: ClaimKind, name: string): NonNullable<EvidenceClaim['value']> {
  switch (kind) {
    case 'text':
      return readText(node.expect(TAG.utf8String, name), name)
    case 'octets':
      return readOctetString(node, name)
    case 'key': {
      const spki = readOctetString(node, name)
      parsePublicKey(spki)
      return spki
    }
    case 'integer':
      return readSmallInteger(node, name)
    case 'boolean':
      return readBoolean(node, name)
    case 'time':
      return readGeneralizedTime(node, name)
    case 'purposes':
      return readSequence(node, name).map((item) => {
        const oid = readOid(item, name)
        return PURPOSE_BY_OID.get(oid) ?? oid
      })
  }
}

function readSignature(node: DerNode): EvidenceSignature {
  const [sid, algorithm, signature, ...more] = readSequence(node, 'SignatureBlock')
  if (sid === undefined || algorithm === undefined || signature === undefined || more.length > 0)
    throw node.fail('SignatureBlock is malformed')
  return {
    ...readSigner(sid),
    algorithm: readAlgorithm(algorithm),
    signature: readOctetString(signature, 'signatureValue'),
  }
}

function readSigner(node: DerNode): Pick<EvidenceSignature, 'keyId' | 'publicKey' | 'certificate'> {
  const signer: { keyId?: Uint8Array; publicKey?: Uint8Array; certificate?: Certificate } = {}
  let last = -1
  for (const member of readSequence(node, 'SignerIdentifier')) {
    const number = member.tag - contextTag(0)
    if (number <= last || number > 2)
      throw member.fail('SignerIdentifier has members out of order, or of no known kind')
    last = number
    const value = explicitly(member, number)
    if (number === 0) signer.keyId = readOctetString(value, 'keyId')
    else if (number === 1) {
      parsePublicKey(value.bytes)
      signer.publicKey = value.bytes
    } else signer.certificate = certificateFromNode(value)
  }
  if (last < 0) throw node.fail('SignerIdentifier is empty')
  return signer
}
