import { DerError } from '../../asn1/der-error.ts'
import { printName } from '../../asn1/name.ts'
import { verifyMinisign } from '../../knowledge/minisign.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { BundleFault } from '../bundle-fault.ts'
import { OID_DATA, verifySignedData } from './signed-data.ts'
import { verifySshSignature } from './ssh-signature.ts'
import type { KeyKind, Witness } from './witness-list.ts'

/** Ends of the names of signature files, by what they hold. */
export const SIGNATURE_SUFFIXES: Readonly<Record<KeyKind, string>> = {
  ssh: '.sshsig',
  minisign: '.minisig',
  x509: '.p7s',
}

/** A signature that holds over the statement, and whose it is. */
export interface Signer {
  readonly kind: KeyKind
  /** The key, as people compare it: SSH fingerprint, minisign key id, SHA-256 of the certificate. */
  readonly key: string
  /** What the signature itself says of its maker: nothing that was checked. */
  readonly claims?: string
  /** The person of the list; absent where no list names the key. */
  readonly witness?: Witness
}

export const signatureKind = (name: string): KeyKind | undefined =>
  (['ssh', 'minisign', 'x509'] as const).find((kind) => name.endsWith(SIGNATURE_SUFFIXES[kind]))

/**
 * Verifies one signature file over the statement. A minisign signature holds only under a key that is known: it does not carry its own.
 * Throws BundleFault with what is wrong.
 */
export function verifySignatureFile(
  name: string,
  file: Uint8Array,
  statement: Uint8Array,
  witnesses: readonly Witness[],
): Signer | 'key-unknown' {
  const known = (kind: KeyKind, key: string): Witness | undefined =>
    witnesses.find((witness) => witness.kind === kind && witness.key === key)
  const kind = signatureKind(name)
  switch (kind) {
    case 'ssh': {
      const { publicKey, fingerprint } = verifySshSignature(file, statement)
      return signer({ kind, key: fingerprint }, known(kind, publicKey))
    }
    case 'minisign': {
      const keys = witnesses.filter((witness) => witness.kind === 'minisign')
      const text = Buffer.from(file).toString('utf8')
      for (const witness of keys) {
        const held = verifyMinisign(statement, text, [witness.key])
        if (held !== undefined) return { kind, key: held.keyId, claims: held.trustedComment, witness }
      }
      if (keys.some(({ key }) => keyIdOf(key, 2) === keyIdOf(text.split('\n')[1] ?? '', 2)))
        throw new BundleFault('the signature does not match the statement')
      if (!isMinisignFile(text)) throw new BundleFault('it is not a minisign signature')
      return 'key-unknown'
    }
    case 'x509': {
      const { contentType, signer: certificate } = readable(() => verifySignedData(file, statement))
      if (contentType !== OID_DATA) throw new BundleFault('it was made for another type of content')
      const key = sha256Hex(certificate.der)
      return signer({ kind, key, claims: printName(certificate.subject) }, known(kind, key))
    }
    case undefined:
      throw new BundleFault('it is not a signature of a known kind')
  }
}

const signer = (holds: Signer, witness: Witness | undefined): Signer =>
  witness === undefined ? holds : { ...holds, witness }

const keyIdOf = (base64: string, from: number): string =>
  Buffer.from(base64, 'base64')
    .subarray(from, from + 8)
    .toString('hex')

const isMinisignFile = (text: string): boolean =>
  /^untrusted comment: [^\n]*\n[A-Za-z0-9+/]{99}=\ntrusted comment: [^\n]*\n[A-Za-z0-9+/]{86}==\n$/.test(text)

/** A DerError says the same in its own words. */
export function readable<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof DerError) throw new BundleFault(error.message)
    throw error
  }
}
