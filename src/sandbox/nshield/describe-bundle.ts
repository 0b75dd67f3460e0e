import { readNshieldBundle } from '../../attestation/nshield/bundle.ts'
import { readNshieldEvidence } from '../../attestation/nshield/evidence.ts'
import type { NshieldKey } from '../../attestation/nshield/key.ts'
import { nshield } from '../../attestation/nshield/verify.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'

/** What `nfkmattest verify` prints (Entrust, key attestation application note). */
export interface BundleDescription {
  readonly path: string
  readonly protection: string
  readonly recovery: boolean
  readonly permissions: readonly string[]
  readonly esn: string
  readonly hknso: string
  readonly k: { readonly type: string; readonly data: Readonly<Record<string, string>> }
}

/** Undefined where the bundle does not verify up to one of the anchors. Throws EvidenceError where it is no bundle. */
export function describeBundle(
  path: string,
  bytes: Uint8Array,
  trustAnchors: readonly TrustAnchor[],
): BundleDescription | undefined {
  if (!nshield.verify(bytes, { trustAnchors, now: Date.now() }).genuine) return undefined
  const { acl, key, warrant, world } = readNshieldEvidence(readNshieldBundle(bytes))
  return {
    path,
    protection: acl.protection,
    recovery: acl.recovery,
    permissions: acl.permissions,
    esn: warrant.module.esn,
    hknso: Buffer.from(world.hknso).toString('hex'),
    k: { type: `${key.type}Public`, data: integersOf(key) },
  }
}

/** Integers are the standard base64 of their minimal big-endian octets. Only RSA's names are documented. */
function integersOf(key: NshieldKey): Readonly<Record<string, string>> {
  switch (key.type) {
    case 'RSA':
      return { n: base64(key.n), e: base64(key.e) }
    case 'DSA':
      return { p: base64(key.p), q: base64(key.q), g: base64(key.g), y: base64(key.y) }
    case 'ECDSA':
    case 'EC':
      return { x: base64(key.x), y: base64(key.y) }
  }
}

function base64(octets: Uint8Array): string {
  const from = octets.findIndex((octet) => octet !== 0)
  return Buffer.from(octets.subarray(Math.max(0, from))).toString('base64')
}
