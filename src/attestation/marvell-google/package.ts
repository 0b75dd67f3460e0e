import { isZip } from '../../archive/zip-entries.ts'
import { type GoogleEvidence, readGoogleBundle } from './bundle.ts'

const CHAIN_BEGIN = '-----BEGIN CERTIFICATE-----'

/**
 * The forms in which the package may be sent, since none is published: the statement, the console's zip of statement and chains,
 * or the statement with its PEM chains behind it. What is no statement stays as it is, for the statement's reader to refuse.
 */
export function unwrapMarvellPackage(package_: Uint8Array): GoogleEvidence {
  if (isZip(package_)) return readGoogleBundle(package_)
  const chainsAt = Buffer.from(package_.buffer, package_.byteOffset, package_.byteLength).indexOf(CHAIN_BEGIN)
  if (chainsAt < 1) return { package: package_ }
  return { package: package_.subarray(0, chainsAt), certChains: package_.subarray(chainsAt) }
}
