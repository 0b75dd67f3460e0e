import type { NshieldBundle, NshieldField } from './bundle.ts'
import { type NshieldKey, readKeyData } from './key.ts'
import { nshieldKeyHash } from './key-hash.ts'
import { malformed, NcoreReader, readKeyHashEx } from './message.ts'
import { type NshieldSignature, readSignature, type SignatureOutcome, verifyNshieldSignature } from './signature.ts'

/** What the security officer's key (KNSO) certifies of a security world. */
export interface NshieldWorld {
  readonly knso: NshieldKey
  /** Hash of `knso`. */
  readonly hknso: Uint8Array
  /** Hash of the world's module key, under which working blobs stand. */
  readonly hkm: Uint8Array
  readonly cipherSuite: string
  /** A FIPS 140 level 3 world, by the kind of its binding certificate. */
  readonly fips: boolean
  /** The signed text over the binding, and its signature's member. */
  readonly binding: SignedText
  /** Binding of the recovery keys, and the hash of KRE in it, where the bundle has them. */
  readonly recoveryBinding?: SignedText
  readonly hkre?: Uint8Array
}

interface SignedText {
  readonly name: NshieldField
  readonly text: Uint8Array
  readonly signature: NshieldSignature
}

/** Cipher suites with 1024-bit DSA or Triple DES; what they bind says little today. */
const LEGACY_SUITES = ['DLf1024s160mDES3', 'DLf1024s160mRijndael']
const NEW_WORLD = 'Generate a new key in a Security World with a current cipher suite (new-world --cipher-suite).'

/**
 * Reads the world's members of a bundle. The three texts are Entrust's: "Module keys", "Module setup, FIPS3" (read in the
 * documentation only, no bundle of such a world is published) and "Card Recovery". Throws EvidenceError.
 */
export function readWorld(bundle: NshieldBundle): NshieldWorld {
  const knso = readKey(bundle, 'knsopub')
  const hknso = nshieldKeyHash(knso)
  const hkm = readHash(bundle, 'hkm')
  const hkmc = readHash(bundle, 'hkmc')
  const suite = bundle.cipherSuite
  if (!/^[A-Za-z0-9]{1,64}$/.test(suite)) throw malformed('"ciphersuite" is missing or not a name')
  if (LEGACY_SUITES.includes(suite)) throw malformed(`the world has the legacy cipher suite ${suite}`, NEW_WORLD)
  const plain = bundle.bytes.get('CertKMaKMCbKNSO')
  const fips = bundle.bytes.get('CertKMaKMCaKFIPSbKNSO')
  if ((plain === undefined) === (fips === undefined)) {
    throw malformed('it must contain exactly one of CertKMaKMCbKNSO and CertKMaKMCaKFIPSbKNSO')
  }
  const hkfips = fips === undefined ? [] : [readHash(bundle, 'hkfips')]
  const text = fips === undefined ? `Module keys: suite = ${suite}` : `Module setup, FIPS3; suite = ${suite}`
  return {
    knso,
    hknso,
    hkm,
    cipherSuite: suite,
    fips: fips !== undefined,
    binding: signedText(
      bundle,
      fips === undefined ? 'CertKMaKMCbKNSO' : 'CertKMaKMCaKFIPSbKNSO',
      Buffer.concat([label(text), hknso, hkm, hkmc, ...hkfips]),
    ),
    ...readRecoveryBinding(bundle, hknso),
  }
}

function readRecoveryBinding(bundle: NshieldBundle, hknso: Uint8Array): Pick<NshieldWorld, 'recoveryBinding' | 'hkre'> {
  if (!bundle.bytes.has('CertKREaKRAbKNSO')) {
    if (bundle.bytes.has('hkre') || bundle.bytes.has('hkra')) throw malformed('CertKREaKRAbKNSO is missing')
    return {}
  }
  const hkre = readHash(bundle, 'hkre')
  const hkra = readHash(bundle, 'hkra')
  const text = Buffer.concat([label('Card Recovery'), hknso, hkre, hkra])
  return { hkre, recoveryBinding: signedText(bundle, 'CertKREaKRAbKNSO', text) }
}

const signedText = (bundle: NshieldBundle, name: NshieldField, text: Uint8Array): SignedText => ({
  name,
  text,
  signature: readSignature(requiredBytes(bundle, name), name),
})

const label = (text: string): Uint8Array => Buffer.from(`${text}\0`, 'latin1')

/** What stands in the bundle of every key that is stored; keys of one session have none of it (Entrust, "persistent keys"). */
const IN_A_WORLD =
  'Create the bundle of a key that is stored in the Security World (CKA_TOKEN true, a file in kmdata/local), and send the file unchanged.'

export function requiredBytes(bundle: NshieldBundle, name: NshieldField): Uint8Array {
  const bytes = bundle.bytes.get(name)
  if (bytes === undefined) throw malformed(`"${name}" is missing`, IN_A_WORLD)
  return bytes
}

export function readKey(bundle: NshieldBundle, name: 'knsopub' | 'pubkeydata'): NshieldKey {
  const reader = new NcoreReader(requiredBytes(bundle, name), name)
  const key = readKeyData(reader)
  reader.end()
  return key
}

function readHash(bundle: NshieldBundle, name: NshieldField): Uint8Array {
  const reader = new NcoreReader(requiredBytes(bundle, name), name)
  const hash = readKeyHashEx(reader)
  reader.end()
  return hash
}

/** Does the security officer's key sign this text of its world? */
export const verifyBinding = ({ knso }: NshieldWorld, signed: SignedText): SignatureOutcome =>
  verifyNshieldSignature(knso, signed.signature, signed.text, { shared: true })
