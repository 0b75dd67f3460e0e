/** What reading a file finds in it: things by what they are, not by what the file is called or labelled. */

export type Item =
  | { readonly kind: 'certificate'; readonly der: Uint8Array }
  | { readonly kind: 'request'; readonly der: Uint8Array }
  | { readonly kind: 'public-key'; readonly der: Uint8Array }
  /** Of draft-ietf-rats-pkix-key-attestation: read only where somebody asks for it, and no family's. */
  | { readonly kind: 'pkix-evidence'; readonly der: Uint8Array }
  /** `der` as it was found, BER perhaps; the certificates byte for byte. */
  | { readonly kind: 'pkcs7'; readonly der: Uint8Array; readonly certificates: readonly Uint8Array[] }
  /** Evidence that is no certificates, as its family's verifier takes it. */
  | { readonly kind: 'package'; readonly package: Uint8Array; readonly certChains?: Uint8Array }
  /** A PEM block that is none of these ("X509 CRL"), or JSON of a form that is not known: `package` for a verifier that is named. */
  | { readonly kind: 'other'; readonly label: string; readonly package?: Uint8Array }

export type ItemOf<Kind extends Item['kind']> = Extract<Item, { readonly kind: Kind }>

/** The items that stood together, in their order: those of one text, or of one file in an archive. */
export interface Group {
  readonly items: readonly Item[]
}

export interface Contents {
  /** One for each place in which something was found; never empty, nor is any of them. */
  readonly groups: readonly Group[]
  /** What was unwrapped, rewritten or passed over, in the order in which it was done. */
  readonly notes: readonly string[]
}

/** All items of a kind, in the order in which they were found. */
export const itemsOf = <Kind extends Item['kind']>({ groups }: Contents, kind: Kind): readonly ItemOf<Kind>[] =>
  groups.flatMap(({ items }) => items.filter((item): item is ItemOf<Kind> => item.kind === kind))

const WORDS: Readonly<Record<Exclude<Item['kind'], 'other'>, string>> = {
  certificate: 'CERTIFICATE',
  request: 'CERTIFICATE REQUEST',
  'public-key': 'PUBLIC KEY',
  pkcs7: 'PKCS7',
  'pkix-evidence': 'PKIX EVIDENCE',
  package: 'an attestation',
}

/** The kinds that were found, for a message. */
export const namesOf = ({ groups }: Contents): string =>
  [
    ...new Set(
      groups.flatMap(({ items }) => items.map((item) => (item.kind === 'other' ? item.label : WORDS[item.kind]))),
    ),
  ].join(', ')
