import type { Device } from '../../devices/device.ts'
import { parseCertificate } from '../asn1/certificate.ts'
import { sameBytes } from '../asn1/octets.ts'
import { readPem } from '../asn1/pem.ts'
import { BundleFault } from '../bundle/bundle-fault.ts'
import { addToBundle, contentOf, freeNumber, PLACES, readBundle } from '../bundle/bundle-files.ts'
import { SIGNATURE_SUFFIXES, signatureKind, verifySignatureFile } from '../bundle/signatures/verify-signature-file.ts'
import type { KeyKind, Witness } from '../bundle/signatures/witness-list.ts'
import { writeDetachedSignedData } from '../bundle/signatures/write-signed-data.ts'
import { EnrollError, sentence } from '../errors.ts'

/** Exactly what a witness signs, with whatever program. */
export function statementIn(bundle: Uint8Array): Uint8Array {
  const statement = contentOf(readBundle(bundle), PLACES.statement)
  if (statement === undefined) throw unfit('the bundle has no statement')
  return statement
}

/**
 * The bundle with one more signature, if it holds over the statement. `file` may have been made anywhere: `ssh-keygen -Y sign`,
 * `minisign -S`, `openssl cms -sign`. A minisign signature needs `minisignKey`, the public key. Throws EnrollError `bundle.signature`.
 */
export function addSignature(bundle: Uint8Array, file: Uint8Array, minisignKey?: string): Uint8Array {
  const kind = kindOf(file)
  const known: readonly Witness[] =
    minisignKey === undefined ? [] : [{ name: 'the key passed', kind: 'minisign', key: minisignKey }]
  const entries = readBundle(bundle)
  const name = `${PLACES.signatures}${freeNumber(entries, PLACES.signatures)}${SIGNATURE_SUFFIXES[kind]}`
  const signature = kind === 'x509' ? derOf(file) : file
  try {
    const signer = verifySignatureFile(name, signature, statementIn(bundle), known)
    if (signer === 'key-unknown') throw new BundleFault('its public key is needed')
    const others = entries.filter(
      (entry) => signatureKind(entry.name) === kind && entry.name.startsWith(PLACES.signatures),
    )
    if (others.some(({ content }) => isBy(signer.key, content)))
      throw new BundleFault('the same key has signed already')
  } catch (error) {
    if (error instanceof BundleFault) throw unfit(error.message)
    throw error
  }
  return addToBundle(bundle, [{ name, content: signature }])

  function isBy(key: string, content: Uint8Array): boolean {
    try {
      const other = verifySignatureFile(name, content, statementIn(bundle), known)
      return other !== 'key-unknown' && other.key === key
    } catch {
      // One that does not hold is nobody's; `bundle verify` says so.
      return false
    }
  }
}

function kindOf(file: Uint8Array): KeyKind {
  const text = Buffer.from(file.subarray(0, 40)).toString('latin1')
  if (text.startsWith('-----BEGIN SSH SIGNATURE-----')) return 'ssh'
  return text.startsWith('untrusted comment: ') ? 'minisign' : 'x509'
}

/** `openssl cms -sign` writes PEM or DER. */
function derOf(file: Uint8Array): Uint8Array {
  const [block] = file[0] === 0x30 ? [] : readPem(Buffer.from(file).toString('latin1'))
  return block?.der ?? file
}

/** A signature by a key in a device: the one at `location`, with its certificate (DER). Throws DeviceError, EnrollError `bundle.signature`. */
export async function signOnDevice(
  bundle: Uint8Array,
  device: Device,
  location: string,
  certificate: Uint8Array,
  now: number,
): Promise<Uint8Array> {
  const key = await device.findKey({ location })
  if (key === undefined) throw unfit(`the device has no key ${location.slice(0, 80)}`)
  if (!sameBytes(parseCertificate(certificate).spki, key.publicKey))
    throw unfit(`the certificate is not of the key ${location}`)
  return writeDetachedSignedData({
    certificate,
    content: statementIn(bundle),
    signingTime: now,
    sign: (hash, data) => key.sign(hash, data),
  })
}

const unfit = (why: string): EnrollError =>
  new EnrollError('bundle.signature', sentence(`Could not add the signature: ${why}`), {
    remedy:
      'Sign exactly the bytes that `hsm-enroll bundle statement BUNDLE --output FILE` writes; docs/bundle.md has a command for each tool.',
  })
