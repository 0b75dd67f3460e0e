import { type DerNode, readDer, TAG } from '../asn1/der.ts'
import { ifReadable } from '../asn1/der-error.ts'
import { readOid } from '../asn1/der-values.ts'
import { OID_EC } from '../asn1/public-key.ts'
import { type CertificationRequest, OID_EXTENSION_REQUEST, REQUEST_SIGNATURES } from './certification-request.ts'

/**
 * What a request has that strict parsers refuse although it can be read here and its signature verifies, in words for a
 * person; empty if it is valid PKCS#10 in DER. It cannot be mended: the signature covers all but the last of these.
 * Who refuses what was tried with the programs of test/interop/requests.
 */
export function requestFormFaults({ info, signatureAlgorithm }: CertificationRequest): readonly string[] {
  const whole = readDer(info)
  const [, subject, key, attributes] = whole.children
  return [
    ...(key !== undefined && isCompressed(key) ? [COMPRESSED] : []),
    ...(hasLongArc(whole) ? [LONG_ARC] : []),
    ...(attributes === undefined ? [NO_ATTRIBUTES] : attributeFaults(attributes)),
    ...(subject?.children.every(isOrdered) === false ? [unordered('the values of a subject RDN')] : []),
    ...(signatureAlgorithm.parameters !== undefined && isEcdsa(signatureAlgorithm.oid) ? [PARAMETERS] : []),
  ]
}

/** RFC 2986 4.1: the element is not OPTIONAL; without attributes it is A0 00. GnuTLS, Go, NSS and Python refuse to go without. */
const NO_ATTRIBUTES =
  "the attributes element ([0]) is missing: most CAs' parsers refuse it; the device must sign the request again"

/** RFC 5480 2.2: whoever reads EC keys MUST read uncompressed points, and MAY read others. Go, NSS, Java and GnuTLS do not. */
const COMPRESSED = 'the EC point of the public key is compressed, which most parsers do not read'

/** Such as 2.25.UUID (X.667). Go refuses the request; GnuTLS stops reading its extensions. */
const LONG_ARC = 'an object identifier has an arc of more than 31 bits, which some parsers refuse'

/** RFC 5758 3.2: "the encoding MUST omit the parameters field". Python refuses it; Luna's `cmu requestcertificate` writes it. */
const PARAMETERS = 'the ECDSA signature algorithm has parameters (NULL), which some parsers refuse'

/** X.690 11.6. Python refuses it; GnuTLS and Bouncy Castle put the set in order first, and then find the signature wrong. */
const unordered = (what: string): string =>
  `${what} are not in DER order, so that some parsers refuse the request and others call its signature invalid`

/** X.690 11.5. Python refuses it. */
const DEFAULT_WRITTEN = 'a requested extension has "critical FALSE" written out, which some parsers refuse'

/** RFC 2986 4.1: SET SIZE(1..MAX). Python and Bouncy Castle refuse it. */
const NO_VALUE = 'an attribute has no value, which some parsers refuse'

/** A BIT STRING begins with the number of its unused bits. */
const isCompressed = ({ children: [algorithm, key] }: DerNode): boolean =>
  algorithm?.children[0] !== undefined &&
  ifReadable(() => readOid(algorithm.at(0, 'algorithm'))) === OID_EC &&
  (key?.content[1] === 2 || key?.content[1] === 3)

const hasLongArc = (node: DerNode): boolean =>
  node.tag === TAG.oid ? longest(ifReadable(() => readOid(node))) > 0x7fff_ffff : node.children.some(hasLongArc)

/** An arc that is too long to be read here, too, is longer than any. */
const longest = (dotted = '0.Infinity'): number => Math.max(...dotted.split('.').map(Number))

const isEcdsa = (oid: string): boolean => REQUEST_SIGNATURES.some((entry) => entry.oid === oid && entry.key === 'EC')

function attributeFaults(attributes: DerNode): readonly string[] {
  const values = attributes.children.map((attribute) => attribute.at(1, 'attribute values'))
  return [
    ...(isOrdered(attributes) ? [] : [unordered('the attributes')]),
    ...(values.every(isOrdered) ? [] : [unordered('the values of an attribute')]),
    ...(values.some(({ children }) => children.length === 0) ? [NO_VALUE] : []),
    ...(requestedExtensions(attributes).some(writesDefault) ? [DEFAULT_WRITTEN] : []),
  ]
}

const requestedExtensions = (attributes: DerNode): readonly DerNode[] =>
  attributes.children
    .filter((attribute) => readOid(attribute.at(0, 'attribute type')) === OID_EXTENSION_REQUEST)
    .flatMap((attribute) => attribute.at(1, 'attribute values').children)
    .flatMap(({ children }) => children)

/** Extension: OID, critical DEFAULT FALSE, value. */
const writesDefault = ({ children: [, critical] }: DerNode): boolean =>
  critical?.tag === TAG.boolean && critical.content[0] === 0

const isOrdered = ({ children }: DerNode): boolean =>
  children.every((child, at) => Buffer.compare(children[at - 1]?.bytes ?? child.bytes, child.bytes) <= 0)
