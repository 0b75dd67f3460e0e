/**
 * The one door to what is computed rather than judged: digests, signatures, decompression. Behind it is Node.js; where there is no
 * Node.js (a browser), the build puts `portable.ts` in the place of `node.ts`. Both answer alike, bit for bit, whatever they are
 * given: portable.test.ts holds them against each other.
 */
export {
  crc32,
  digest,
  gunzip,
  importKey,
  inflateRaw,
  keyForOnce,
  sha256Hex,
  type VerifyingKey,
  verifyWith,
} from './node.ts'
