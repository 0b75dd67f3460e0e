import { readDer, readSequence } from './der.ts'
import { ifReadable } from './der-error.ts'
import { readUnsignedBytes } from './der-values.ts'

/** Is it SEQUENCE { r INTEGER, s INTEGER }, both positive, in DER (RFC 3279 2.2.2 and 2.2.3), as ECDSA and DSA signatures are? */
export function isStrictSignature(signature: Uint8Array): boolean {
  const numbers = ifReadable(() =>
    readSequence(readDer(signature, { maxSize: 1024, maxDepth: 1, maxNodes: 3 }), 'signature').map((part) =>
      readUnsignedBytes(part, 'r or s'),
    ),
  )
  return numbers?.length === 2 && numbers.every((number) => number.some((byte) => byte !== 0))
}
