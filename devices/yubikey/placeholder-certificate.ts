import { X509Certificate } from 'node:crypto'
import type { PivSlot } from './piv-slots.ts'

/** libykcs11 puts such a certificate beside a new key so that the slot is seen: self-issued, serial 0, signed by a key nobody has. */
export function isPlaceholderCertificate(der: Uint8Array, slot: PivSlot): boolean {
  try {
    const { subject, issuer, serialNumber } = new X509Certificate(der)
    return (
      subject.toLowerCase() === `cn=yubikey piv slot ${slot.name}` && issuer === subject && /^0+$/.test(serialNumber)
    )
  } catch {
    return false
  }
}
