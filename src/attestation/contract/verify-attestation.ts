import type { Certificate, Extension } from '../../asn1/certificate.ts'
import type { PublicKey } from '../../asn1/public-key.ts'
import type { HsmType } from '../../hsm-type.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import type { AttestationResult } from './attestation-result.ts'
import type { FamilyWords } from './family-words.ts'

/** What a verifier may lean on beside the package itself. */
export interface VerificationContext {
  /** The anchors to accept: the built-in ones of this hsmType and the user's own. Never taken from the package. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** Milliseconds since 1970; what "now" is for dates. */
  readonly now: number
  /** Certificates that travel beside the package (PEM text or concatenated DER): Google's chains. */
  readonly certChains?: Uint8Array
  /**
   * What the key is called where it lives, as its device spells it. Families whose evidence names its key (Fortanix: a UUID; Google:
   * the resource name of the key version) compare it; the others do not look at it.
   */
  readonly keyName?: string
  readonly options?: FamilyOptions
  /**
   * Called with the certificates of the package in their order, by families whose packages are nothing else, once every one is read as
   * strict DER: who has more to say of them need not read them again.
   */
  readonly onCertificates?: (certificates: readonly Certificate[]) => void
}

/** Switches of single families; the others do not look at them. */
export interface FamilyOptions {
  /** NSHIELD: `refuse` refuses a module whose warrant was made by a field upgrade; it is warned of otherwise. */
  readonly fieldUpgradeWarrants?: string
}

/**
 * What every family exports: a pure, synchronous function without I/O. It judges the group `attestation`, and those
 * rules of policy that only its family knows; `check-attestation.ts` adds binding and policy. The result's `spki` is the attested SubjectPublicKeyInfo.
 * Throws EvidenceError where the input is no such package at all; anything readable gets a verdict.
 */
export type VerifyAttestation = (package_: Uint8Array, context: VerificationContext) => FamilyVerdict

/** The family's part of an AttestationResult, with the attested key's bytes for the binding. */
export interface FamilyVerdict extends Omit<AttestationResult, 'acceptable' | 'advisories' | 'knowledge'> {
  /** SubjectPublicKeyInfo, DER; absent where the evidence names no key. */
  readonly spki?: Uint8Array
  /** The same, read; absent where it cannot be. */
  readonly publicKey?: PublicKey
}

/** A file that may hold a package of a family, as far as a reader that knows none can open it. */
export type WrappedFile =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'json'; readonly value: unknown }
  /** The extensions that a certificate request asks for, or those of a certificate, by their OID. */
  | { readonly kind: 'request' | 'certificate'; readonly extensions: ReadonlyMap<string, Extension> }

/** The package that a file held. */
export interface UnwrappedPackage {
  readonly package: Uint8Array
  /** PEM text. */
  readonly certChains?: Uint8Array
  /** What was done to get it, for a person: "took the statement out of the answer". Absent if the file was right as it is. */
  readonly note?: string
}

/** What may be given beside a package and is of use to the evidence of some families only. */
export type BesidePackage = 'keyName' | 'certChains'

/** What a package looks like from outside; `unknown`: nothing that its first bytes tell. */
export type PackageForm = 'pem' | 'der' | 'gzip' | 'zip' | 'json' | 'unknown'

export interface FamilyVerifier {
  readonly hsmType: HsmType
  readonly verify: VerifyAttestation
  readonly words: FamilyWords
  /** Name of the file in which a run keeps the package, so that a person can open it. */
  readonly packageFile: string
  /** The forms in which the package may travel. */
  readonly packageForms: readonly PackageForm[]
  /** What it looks at beside the package. */
  readonly uses: readonly BesidePackage[]
  /** Cheap look at the first bytes: could this be such a package? Used when no hsmType is given. */
  readonly recognises: (package_: Uint8Array) => boolean
  /**
   * Takes a package out of a file of this family's own making. Undefined if the file is none; throws EvidenceError if it is one and
   * holds no package.
   */
  readonly unwrap?: (file: WrappedFile) => UnwrappedPackage | undefined
  /**
   * A family whose certificates travel otherwise than as PEM: its package of these in this order, or undefined if they are another's.
   */
  readonly ofCertificates?: (ders: readonly Uint8Array[]) => Uint8Array | undefined
}
