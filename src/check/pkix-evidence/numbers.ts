/**
 * The numbers of PKIX evidence (draft-ietf-rats-pkix-key-attestation, -07 and after). IANA has assigned none of them: whoever writes such
 * evidence today has chosen an arc, and more than one is in use.
 */

/** An arc that evidence was seen under. */
export interface EvidenceArc {
  /** id-evidence, dotted. */
  readonly root: string
  /** id-kp-attestationKey: the purpose that the certificate of an attestation key must have. Absent: the elements of this arc are not read. */
  readonly attestationKeyPurpose?: string
  readonly usedBy: string
}

/** The first is what the draft's own samples use. IANA's becomes a further row. */
// biome-ignore format: a table, a row a line
export const ARCS: readonly EvidenceArc[] = [
  { root: '1.3.6.1.5.5.999', attestationKeyPurpose: '1.3.6.1.5.5.7.3.999', usedBy: 'the samples and the Python program beside the draft' },
  // fipsboot to fipsmodule are numbered 11 to 14 there, and values have context tags: not what the draft says.
  { root: '1.2.3.999', usedBy: 'the Go program beside the draft, whose numbers and tags are not those of the draft' },
]

export type ElementType = 'transaction' | 'platform' | 'key'
/** id-evidence-element, by the last number. */
const ELEMENTS: readonly ElementType[] = ['transaction', 'platform', 'key']

/** `text`: UTF8String; `octets`, `key` (a SubjectPublicKeyInfo): OCTET STRING; `purposes`: SEQUENCE OF OBJECT IDENTIFIER. */
export type ClaimKind = 'text' | 'octets' | 'key' | 'integer' | 'boolean' | 'time' | 'purposes'

interface ClaimRow {
  readonly name: string
  readonly kind: ClaimKind
  /** May appear more than once in an element. */
  readonly repeatable?: true
}

/** id-evidence-claim, by element and last number. */
// biome-ignore format: a table, a row a line
const CLAIMS: Readonly<Record<ElementType, readonly ClaimRow[]>> = {
  transaction: [
    { name: 'nonce', kind: 'octets' },
    { name: 'timestamp', kind: 'time' },
    { name: 'ak-spki', kind: 'key', repeatable: true },
  ],
  platform: [
    { name: 'vendor', kind: 'text' },
    { name: 'oemid', kind: 'octets' },
    { name: 'hwmodel', kind: 'octets' },
    { name: 'hwversion', kind: 'text' },
    { name: 'hwserial', kind: 'text' },
    { name: 'swname', kind: 'text' },
    { name: 'swversion', kind: 'text' },
    { name: 'dbgstat', kind: 'integer' },
    { name: 'uptime', kind: 'integer' },
    { name: 'bootcount', kind: 'integer' },
    { name: 'fipsboot', kind: 'boolean' },
    { name: 'fipsver', kind: 'text' },
    { name: 'fipslevel', kind: 'integer' },
    { name: 'fipsmodule', kind: 'text' },
  ],
  key: [
    { name: 'identifier', kind: 'text', repeatable: true },
    { name: 'spki', kind: 'key' },
    { name: 'extractable', kind: 'boolean' },
    { name: 'sensitive', kind: 'boolean' },
    { name: 'never-extractable', kind: 'boolean' },
    { name: 'local', kind: 'boolean' },
    { name: 'expiry', kind: 'time' },
    { name: 'purpose', kind: 'purposes' },
  ],
}

/** id-evidence-key-capability, by the last number. */
const PURPOSES = ['encrypt', 'decrypt', 'wrap', 'unwrap', 'sign', 'sign-recover', 'verify', 'verify-recover', 'derive']

export interface KnownClaim extends ClaimRow {
  readonly element: ElementType
}

/** By dotted OID: those of the arcs that are read. */
export const ELEMENT_BY_OID: ReadonlyMap<string, ElementType> = new Map(
  readArcs().flatMap(({ root }) => ELEMENTS.map((name, number) => [`${root}.0.${number}`, name] as const)),
)
export const CLAIM_BY_OID: ReadonlyMap<string, KnownClaim> = new Map(
  readArcs().flatMap(({ root }) =>
    ELEMENTS.flatMap((element, at) =>
      CLAIMS[element].map((row, number) => [`${root}.1.${at}.${number}`, { ...row, element }] as const),
    ),
  ),
)
export const PURPOSE_BY_OID: ReadonlyMap<string, string> = new Map(
  readArcs().flatMap(({ root }) => PURPOSES.map((name, number) => [`${root}.2.${number}`, name] as const)),
)
export const ATTESTATION_KEY_PURPOSES: readonly string[] = readArcs().map((arc) => arc.attestationKeyPurpose)

function readArcs(): readonly (EvidenceArc & { readonly attestationKeyPurpose: string })[] {
  return ARCS.flatMap(({ attestationKeyPurpose, ...arc }) =>
    attestationKeyPurpose === undefined ? [] : [{ ...arc, attestationKeyPurpose }],
  )
}

/** The arc that an OID is under. */
export const arcOf = (oid: string): EvidenceArc | undefined => ARCS.find(({ root }) => oid.startsWith(`${root}.`))
