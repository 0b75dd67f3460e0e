import { isTar } from '../../archive/tar-entries.ts'
import { decodeText } from '../../asn1/decode-text.ts'
import { TAG } from '../../asn1/der.ts'
import { gunzip } from '../../primitives/primitives.ts'
import type { UnwrappedPackage, WrappedFile } from '../contract/verify-attestation.ts'
import { readGoogleJson } from './bundle.ts'
import { unwrapMarvellPackage } from './package.ts'
import { looksLikeStatement } from './statement.ts'
import { storedGzip } from './stored-gzip.ts'

const MAX_UNPACKED = 1 << 16
/** A zip, another gzip, DER. */
const CONTAINERS = [0x50, 0x1f, TAG.sequence]

/** A statement as Google's programs and other people's guides leave it: compressed, with its chains behind it, unpacked, or in the JSON of its key version. */
export function unwrap(file: WrappedFile): UnwrappedPackage | undefined {
  switch (file.kind) {
    case 'bytes':
      if (looksLikeStatement(file.bytes)) {
        return holdsStatement(file.bytes) ? unwrapMarvellPackage(file.bytes) : undefined
      }
      return isUnpackedStatement(file.bytes)
        ? { package: storedGzip(file.bytes), note: 'packed the statement with gzip again, as Cloud KMS gives it' }
        : undefined
    case 'json': {
      const evidence = readGoogleJson(file.value)
      return evidence && { ...evidence, note: 'extracted the statement and its chains from the Cloud KMS response' }
    }
    case 'request':
      return undefined
  }
}

/** A Cloud HSM statement after gunzip: response 0, request flags 3. Parsers want it so, and guides tell people to unpack it. */
const isUnpackedStatement = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, 8)).toString('hex') === '0000000000000003'

/** Neither text nor another file: others use gzip, too. */
function holdsStatement(file: Uint8Array): boolean {
  try {
    const content = gunzip(file, MAX_UNPACKED).unpacked
    return !CONTAINERS.includes(content[0] ?? 0) && !isTar(content) && decodeText(content) === undefined
  } catch {
    // Damaged, or larger than a statement: whatever it was, it is none now.
    return false
  }
}
