import type { Extension } from '../asn1/certificate.ts'
import { parseCertificate } from '../asn1/certificate.ts'
import { DerError } from '../asn1/der-error.ts'
import { writePem } from '../asn1/pem.ts'
import { slotOf, YUBIKEY_OID } from './yubikey-extensions.ts'

/**
 * The YubiKey attestation that yubico-piv-tool puts into a request with `--attestation`, as a package (leaf, then F9), or
 * undefined where there is none. The leaf stands under .3.1 from version 2.7.2 on, under .3.11 before; there the content decides,
 * since .3.11 also means CSPN. Sectigo does not take it from there: it wants `keyAttestation`.
 */
export function embeddedYubikeyAttestation(extensions: ReadonlyMap<string, Extension>): Uint8Array | undefined {
  const f9 = extensions.get(YUBIKEY_OID.csrF9)?.value
  const leaf = [YUBIKEY_OID.csrLeaf, YUBIKEY_OID.cspn]
    .map((oid) => extensions.get(oid)?.value)
    .find((value) => value !== undefined && isLeaf(value))
  if (leaf === undefined) return undefined
  return Buffer.from([leaf, ...(f9 === undefined ? [] : [f9])].map((der) => writePem('CERTIFICATE', der)).join(''))
}

function isLeaf(value: Uint8Array): boolean {
  try {
    return slotOf(parseCertificate(value)) !== undefined
  } catch (error) {
    if (error instanceof DerError) return false
    throw error
  }
}
