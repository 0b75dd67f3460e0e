import { createHash } from 'node:crypto'
import { parseCertificate } from '../asn1/certificate.ts'
import { printName } from '../asn1/name.ts'
import type { HsmType } from '../hsm-type.ts'
import { isoDay } from '../iso-day.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'

/** What a verifier must say of a package. The words are those of the vectors' manifest. */
export type ExpectedVerdict = 'genuine' | 'refuse' | 'genuine-but-exportable'

/** One package made under a test root: the material of tests, fuzzing and benchmarks. Each family exports `syntheticEvidence()`. */
export interface SyntheticEvidence {
  /** What is special about it: "leaf of another device's F9". */
  readonly name: string
  readonly hsmType: HsmType
  readonly package: Uint8Array
  readonly certChains?: Uint8Array
  /** Test anchors; never among the built-in ones. */
  readonly trustAnchors: readonly TrustAnchor[]
  readonly expect: ExpectedVerdict
  /** The check that must fail first, where `expect` is `refuse`. */
  readonly failedCheck?: string
}

/** A test root as an anchor that a user would have to name. */
export function testTrustAnchor(
  certificateDer: Uint8Array,
  hsmTypes: readonly HsmType[],
  role: TrustAnchor['role'] = 'root',
): TrustAnchor {
  const certificate = parseCertificate(certificateDer)
  return {
    name: `test: ${printName(certificate.subject)}`,
    hsmTypes,
    role,
    subject: Buffer.from(certificate.subject).toString('base64'),
    spki: Buffer.from(certificate.spki).toString('base64'),
    spkiSha256: createHash('sha256').update(certificate.spki).digest('hex'),
    certificateSha256: [createHash('sha256').update(certificateDer).digest('hex')],
    notBefore: isoDay(certificate.notBefore),
    notAfter: isoDay(certificate.notAfter),
    source: 'made by this sandbox',
    checked: 'made at run time',
    origin: 'user',
  }
}
