import { CURVE_OCTETS, type PublicNumbers } from '../primitives/public-numbers.ts'
import { readDer, readSequence, TAG } from './der.ts'
import { ifReadable } from './der-error.ts'
import { readBitStringOctets, readOid, readUnsignedBytes } from './der-values.ts'
import { OID_DSA, OID_RSA, type PublicKey, readablePublicKey, readRsaPublicKey } from './public-key.ts'

/**
 * The numbers of a SubjectPublicKeyInfo that signatures can be verified with. Undefined if it is malformed, or of a kind or on a
 * curve that nothing is verified with here: the numbers are read strictly, so that no laxer reader sees them.
 */
export function readPublicNumbers(
  spki: Uint8Array,
  key: PublicKey | undefined = readablePublicKey(spki),
): PublicNumbers | undefined {
  switch (key?.type) {
    case 'RSA':
      return key
    case 'EC':
      return Object.hasOwn(CURVE_OCTETS, key.curve) ? key : undefined
    case 'other':
      return key.oid === OID_DSA ? ifReadable(() => readDsa(spki)) : undefined
    case undefined:
      return ifReadable(() => readRsa(spki))
  }
}

/** RSA beside whatever parameters: signatures verify under such a key as well. What is attested must be well-formed to the last octet. */
function readRsa(spki: Uint8Array): PublicNumbers | undefined {
  const node = readDer(spki, { maxSize: 1 << 14 })
  const [algorithm, key] = readSequence(node, 'SubjectPublicKeyInfo')
  if (algorithm === undefined || key === undefined || node.children.length !== 2) return undefined
  if (readOid(algorithm.expect(TAG.sequence, 'algorithm').at(0, 'algorithm')) !== OID_RSA) return undefined
  return readRsaPublicKey(readBitStringOctets(key, 'subjectPublicKey'))
}

/** RFC 3279 2.3.2, with the domain parameters. Throws DerError. */
function readDsa(spki: Uint8Array): PublicNumbers {
  const [algorithm, key] = readSequence(readDer(spki, { maxSize: 1 << 14 }), 'SubjectPublicKeyInfo')
  if (algorithm === undefined || key === undefined || algorithm.children.length !== 2) {
    throw readDer(spki).fail('SubjectPublicKeyInfo is malformed')
  }
  const parameters = algorithm.at(1, 'parameters').expect(TAG.sequence, 'parameters')
  const [p, q, g] = parameters.children.map((number) => readUnsignedBytes(number, 'parameter'))
  if (p === undefined || q === undefined || g === undefined || parameters.children.length !== 3) {
    throw parameters.fail('the DSA parameters are malformed')
  }
  const y = readUnsignedBytes(readDer(readBitStringOctets(key, 'subjectPublicKey'), { maxSize: 1 << 12 }), 'y')
  return { type: 'DSA', p, q, g, y }
}
