import { type Extension, parseCertificate } from '../../asn1/certificate.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { writePem } from '../../asn1/pem.ts'
import { EvidenceError } from '../contract/evidence-error.ts'
import type { UnwrappedPackage, WrappedFile } from '../contract/verify-attestation.ts'
import { slotOf, YUBIKEY_OID } from './extensions.ts'

/** The attestation as a package (leaf, then F9 where it is there), or why the extensions meant for one hold none. */
export type EmbeddedAttestation = { readonly package: Uint8Array } | { readonly fault: string }

/** The leaf stands under .3.1 from yubico-piv-tool 2.7.2 on, under .3.11 before; there the content decides, since .3.11 also means CSPN. */
const LEAF_OIDS = [YUBIKEY_OID.csrLeaf, YUBIKEY_OID.cspn] as const

/** What yubico-piv-tool writes into a request, or into a certificate that the key signs itself, if it is told to. */
export function unwrap(file: WrappedFile): UnwrappedPackage | undefined {
  if (file.kind !== 'request' && file.kind !== 'certificate') return undefined
  const embedded = embeddedYubikeyAttestation(file.extensions)
  if (embedded === undefined) return undefined
  if ('package' in embedded) {
    return {
      package: embedded.package,
      note: `extracted the attestation from the ${file.kind}; the CA accepts it only as keyAttestation`,
    }
  }
  // F9 of a device of the CSPN series has the OID that older requests have their leaf under: a certificate that merely has it holds none.
  if (file.kind === 'certificate') return undefined
  throw new EvidenceError(
    `Could not find an attestation: this is a certificate request, and ${embedded.fault}.`,
    'Pass the attestation here, and the request with --csr.',
  )
}

/**
 * The YubiKey attestation that yubico-piv-tool puts into a request with `--attestation`; undefined where a request has no such
 * extension. Sectigo does not take it from there: it wants `keyAttestation`.
 */
export function embeddedYubikeyAttestation(
  extensions: ReadonlyMap<string, Extension>,
): EmbeddedAttestation | undefined {
  const present = LEAF_OIDS.filter((oid) => extensions.has(oid))
  const f9 = extensions.get(YUBIKEY_OID.csrF9)?.value
  const leaf = present.map((oid) => extensions.get(oid)?.value).find((value) => value !== undefined && isLeaf(value))
  if (leaf !== undefined) {
    const ders = f9 === undefined ? [leaf] : [leaf, f9]
    return { package: Buffer.from(ders.map((der) => writePem('CERTIFICATE', der)).join('')) }
  }
  if (present.length > 0) return { fault: `the content of ${present.join(' and ')} is not an attestation certificate` }
  if (f9 === undefined) return undefined
  return { fault: `it contains the slot F9 certificate (${YUBIKEY_OID.csrF9}), but not the attestation of its key` }
}

function isLeaf(value: Uint8Array): boolean {
  const certificate = ifReadable(() => parseCertificate(value))
  return certificate !== undefined && slotOf(certificate) !== undefined
}
