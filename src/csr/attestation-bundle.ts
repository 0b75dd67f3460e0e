/**
 * The attribute id-aa-attestation of a request (draft-ietf-lamps-csr-attestation): one value, an AttestationBundle. Written in the shape
 * of draft -24 and later; read in those of -16 to -28, which share one OID and are told apart by the members of a statement.
 */
import { type DerNode, readDer, TAG } from '../asn1/der.ts'
import { DerError } from '../asn1/der-error.ts'
import { readOid } from '../asn1/der-values.ts'
import { oid, sequence } from '../asn1/der-writer.ts'
import type { RequestAttribute } from './certification-request.ts'

/** One statement of a bundle; its type says how `statement`, one value in DER, is to be read. */
export interface AttestationStatement {
  /** Dotted. */
  readonly type: string
  readonly statement: Uint8Array
  /** Drafts -16 to -21: a name of whoever may verify it. It binds nobody. */
  readonly hint?: string
}

/** What the attribute holds. */
export interface AttestationBundle {
  /** The drafts that write this shape: `-24 to -28`. */
  readonly drafts: string
  readonly statements: readonly AttestationStatement[]
  /** X.509 certificates in DER, in no order. */
  readonly certificates: readonly Uint8Array[]
  /** How many more certificates there are of other formats. */
  readonly otherCertificates: number
}

/** id-aa-attestation. */
export const OID_ATTESTATION = '1.2.840.113549.1.9.16.2.59'

/** The attribute with one bundle, in the shape of draft -24 and later: at least one statement; no list of certificates if there is none. */
export function attestationAttribute(
  statements: readonly AttestationStatement[],
  certificates: readonly Uint8Array[],
): RequestAttribute {
  const list = sequence(...statements.map(({ type, statement }) => sequence(oid(type), statement)))
  const certs = certificates.length === 0 ? [] : [sequence(...certificates)]
  return { oid: OID_ATTESTATION, values: [sequence(list, ...certs)] }
}

/**
 * The bundle in a request; a fault if the attribute is there and holds none in a shape that is read. Undefined if it is not there.
 * Never throws.
 */
export function readAttestationBundle(
  attributes: readonly RequestAttribute[],
): AttestationBundle | { readonly fault: string } | undefined {
  const [attribute, second] = attributes.filter((each) => each.oid === OID_ATTESTATION)
  if (attribute === undefined) return undefined
  if (second !== undefined) return { fault: 'the attribute id-aa-attestation appears twice' }
  const [value, another] = attribute.values
  if (value === undefined) return { fault: 'the attribute id-aa-attestation has no value' }
  if (another !== undefined) return { fault: `the attribute id-aa-attestation has ${attribute.values.length} values` }
  try {
    return readBundle(readDer(value))
  } catch (error) {
    if (error instanceof DerError) return { fault: `the value of id-aa-attestation is malformed: ${error.message}` }
    throw error
  }
}

function readBundle(value: DerNode): AttestationBundle | { readonly fault: string } {
  const [list, certs, more] = value.expect(TAG.sequence, 'AttestationBundle').children
  if (list === undefined || more !== undefined) throw value.fail('AttestationBundle does not have one or two members')
  if (isBundle(list)) return { fault: NESTED }
  const read = someOf(list, 'attestations').map(readStatement)
  const drafts = [...new Set(read.map((statement) => statement.drafts).filter((shape) => shape !== LATEST))]
  if (drafts.length > 1) throw list.fail(`the statements have the shapes of different drafts (${drafts.join(', ')})`)
  const certificates = certs === undefined ? [] : someOf(certs, 'certs')
  const strange = certificates.find(({ tag }) => tag !== TAG.sequence && tag !== OTHER_FORMAT)
  if (strange !== undefined) throw strange.fail('a member of certs is neither a certificate nor [3]')
  const x509 = certificates.filter(({ tag }) => tag === TAG.sequence).map(({ bytes }) => bytes)
  return {
    drafts: drafts[0] ?? LATEST,
    statements: read.map(({ drafts: _shape, ...statement }) => statement),
    certificates: x509,
    otherCertificates: certificates.length - x509.length,
  }
}

function someOf(node: DerNode, what: string): readonly DerNode[] {
  const { children } = node.expect(TAG.sequence, what)
  if (children.length === 0) throw node.fail(`${what} is empty`)
  return children
}

/** Drafts -03 to -10: the value is a list of bundles, one level more. There the first member of what should be a statement is a list. */
const isBundle = ({ children: [statement] }: DerNode): boolean =>
  statement?.tag === TAG.sequence && statement.children[0]?.tag === TAG.sequence

const NESTED =
  'the attribute id-aa-attestation has the shape of drafts -03 to -10 of 2024 (a list of bundles), which is not read'

const LATEST = '-24 to -28'
const OTHER_FORMAT = 0xa3
const FLAG = 0x80
const FLAG_EXPLICIT = 0xa0
const STATEMENT_ATTRIBUTES = 0xa1

type ShapedStatement = AttestationStatement & { readonly drafts: string }

function readStatement(node: DerNode): ShapedStatement {
  const [type, ...rest] = node.expect(TAG.sequence, 'AttestationStatement').children
  if (type === undefined) throw node.fail('AttestationStatement is empty')
  const found = shapeOf(rest)
  if (found === undefined) throw node.fail('AttestationStatement has members of no known draft')
  const { statement, hint, drafts } = found
  return {
    ...{ type: readOid(type.expect(TAG.oid, 'type')), statement: statement.bytes, drafts },
    ...(hint === undefined ? {} : { hint: Buffer.from(hint.content).toString('utf8') }),
  }
}

/** Which draft wrote these members, the type left out (the modules of the drafts, by their tags in git). */
function shapeOf(members: readonly DerNode[]): { statement: DerNode; hint?: DerNode; drafts: string } | undefined {
  const [first, second, ...more] = members
  if (first === undefined) return undefined
  if (second === undefined) return { statement: first, drafts: LATEST }
  const rest = isFlag(first) ? members.slice(1) : members
  const [statement, attributes] = rest
  const tail = rest.length === 1 || (rest.length === 2 && attributes?.tag === STATEMENT_ATTRIBUTES)
  if (statement !== undefined && tail) return { statement, drafts: '-23' }
  if (more.length > 0) return undefined
  if (second.tag === TAG.utf8String) return { statement: first, hint: second, drafts: '-16' }
  return second.tag === TAG.ia5String ? { statement: first, hint: second, drafts: '-17 to -21' } : undefined
}

/** `[0] BOOLEAN DEFAULT TRUE` of draft -23, as its module tags it and as a reader of its text may. */
const isFlag = ({ tag, content, children: [inner] }: DerNode): boolean =>
  (tag === FLAG && content.length === 1) || (tag === FLAG_EXPLICIT && inner?.tag === TAG.boolean)
