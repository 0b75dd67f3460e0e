/** Who signed the evidence, and whether that is somebody whom the user trusts for it. */
import type { Certificate } from '../../asn1/certificate.ts'
import { readDer } from '../../asn1/der.ts'
import { readBitStringOctets } from '../../asn1/der-values.ts'
import { printName } from '../../asn1/name.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { type AnchorKey, anchorHolds } from '../../attestation/certificates/anchor-keys.ts'
import { isAnchor, validAt } from '../../attestation/certificates/certificate-chain.ts'
import {
  extendedKeyUsageOf,
  KEY_USAGE,
  keyUsageOf,
  subjectKeyIdOf,
} from '../../attestation/certificates/certificate-extensions.ts'
import { misfitOf } from '../../attestation/certificates/issuer-fit.ts'
import { signatureScheme } from '../../attestation/certificates/signature-algorithm.ts'
import { verifySignature } from '../../attestation/certificates/verify-signature.ts'
import { walkToAnchor } from '../../attestation/certificates/walk-to-anchor.ts'
import { digest } from '../../primitives/primitives.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { ATTESTATION_KEY_PURPOSES } from './numbers.ts'
import type { EvidenceSignature, PkixEvidence } from './read-pkix-evidence.ts'

/**
 * `trusted`: it verifies, and its key leads to an anchor of the user's; `valid`: it verifies, and nothing more is known of its key;
 * `unsupported`: nobody can say here; `refused`: the draft has a verifier reject the evidence.
 */
export type SignatureStatus = 'trusted' | 'valid' | 'unsupported' | 'refused'

export interface JudgedSignature {
  readonly status: SignatureStatus
  /** One line. */
  readonly detail: string
  /** The key that it verifies with: SubjectPublicKeyInfo, DER. Present if trusted or valid. */
  readonly key?: Uint8Array
  /** From the attestation key's certificate upwards, if there is one. */
  readonly chain: readonly Certificate[]
  readonly anchor?: TrustAnchor
}

export function judgeSignature(
  block: EvidenceSignature,
  { tbs, certificates }: PkixEvidence,
  anchors: readonly AnchorKey[],
  now: number,
): JudgedSignature {
  const signer = signerOf(block, certificates, anchors)
  if (typeof signer === 'string') return refused(signer)
  const { key, certificate } = signer
  const chain = certificate === undefined ? [] : [certificate]
  const purpose = certificate === undefined ? undefined : unfitFor(certificate)
  if (purpose !== undefined) return { ...refused(purpose), chain }
  const scheme = signatureScheme(block.algorithm)
  if (scheme === undefined) {
    return { status: 'unsupported', detail: `its algorithm (${block.algorithm.oid}) is not known here`, chain }
  }
  if (!verifySignature(scheme, key, tbs, block.signature)) return { ...refused('it does not verify'), chain }
  return { ...trust(signer, certificates, anchors, now), key }
}

const refused = (detail: string): JudgedSignature => ({ status: 'refused', detail, chain: [] })

interface Signer {
  readonly key: Uint8Array
  readonly certificate?: Certificate
}

/** By certificate, key or identifier; text if there is none to verify with. */
function signerOf(
  { keyId, publicKey, certificate }: EvidenceSignature,
  pool: readonly Certificate[],
  anchors: readonly AnchorKey[],
): Signer | string {
  if (certificate !== undefined) {
    if (publicKey !== undefined && !sameBytes(publicKey, certificate.spki))
      return 'its certificate and its public key are of different keys'
    return { key: certificate.spki, certificate }
  }
  if (publicKey !== undefined) return { key: publicKey }
  if (keyId === undefined) return 'it does not say who signed'
  const named = pool.find((candidate) => isNamed(candidate, keyId))
  if (named !== undefined) return { key: named.spki, certificate: named }
  const anchor = anchors.find(({ spki }) => sameBytes(keyIdentifier(spki), keyId))
  if (anchor !== undefined) return { key: anchor.spki }
  return `its key is not known (identifier ${Buffer.from(keyId).toString('hex').slice(0, 80)})`
}

const isNamed = (certificate: Certificate, keyId: Uint8Array): boolean => {
  const own = subjectKeyIdOf(certificate)
  return own instanceof Uint8Array && sameBytes(own, keyId)
}

/** What most certificates have as the identifier of their key: SHA-1 of its bits (RFC 5280 4.2.1.2). No signature rests on it. */
const keyIdentifier = (spki: Uint8Array): Uint8Array =>
  digest('sha1', readBitStringOctets(readDer(spki).at(1, 'subjectPublicKey')))

/** What the draft asks of the certificate of an attestation key before its signature counts. */
function unfitFor(certificate: Certificate): string | undefined {
  const usage = keyUsageOf(certificate)
  if (!(usage instanceof Set) || !usage.has(KEY_USAGE.digitalSignature))
    return 'the certificate of its key does not allow digital signatures (keyUsage)'
  const purposes = extendedKeyUsageOf(certificate)
  if (!Array.isArray(purposes) || !purposes.some((purpose) => ATTESTATION_KEY_PURPOSES.includes(purpose)))
    return 'the certificate of its key is not for an attestation key (extended key usage)'
  return undefined
}

function trust(
  { key, certificate }: Signer,
  pool: readonly Certificate[],
  anchors: readonly AnchorKey[],
  now: number,
): Omit<JudgedSignature, 'key'> {
  const own = anchors.find((anchor) =>
    certificate === undefined ? sameBytes(anchor.spki, key) : isAnchor(certificate, anchor),
  )
  const path = own === undefined && certificate !== undefined ? walkToAnchor(certificate, pool, anchors) : undefined
  const chain = path?.certificates ?? (certificate === undefined ? [] : [certificate])
  const anchor = own?.anchor ?? path?.anchor
  if (anchor === undefined) return { status: 'valid', detail: 'its key leads to none of your trust anchors', chain }
  const bad = chain.findIndex((each, below) => !validAt(each, now) || misfitOf(each, below) !== undefined)
  const [at, which] = [bad, chain[bad]]
  if (which !== undefined) {
    const why = misfitOf(which, at) ?? 'is not valid today'
    return { status: 'valid', detail: `the certificate ${printName(which.subject)} ${why}`, chain }
  }
  if (!anchorHolds(anchor, now))
    return { status: 'valid', detail: `the trust anchor ${anchor.name} is not valid today`, chain }
  return { status: 'trusted', detail: `its key leads to your trust anchor ${anchor.name}`, chain, anchor }
}
