import { findByClass } from '../pkcs11/find-key-objects.ts'
import { CKA } from '../pkcs11/pkcs11-constants.ts'
import { readAttribute } from '../pkcs11/token-objects.ts'
import type { TokenSession } from '../pkcs11/token-session.ts'
import type { PivSlot } from './piv-slots.ts'

/** The last two arcs below 2.16.840.1.101.3.7.2 of each certificate's container (NIST SP 800-73-4 part 1, table 3). */
const CONTAINERS: Readonly<Record<string, readonly [number, number]>> = {
  '9a': [1, 1],
  '9c': [1, 0],
  '9d': [1, 2],
  '9e': [5, 0],
}
const PIV_ARC = Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x07, 0x02)
const FIRST_RETIRED = 0x82

/**
 * Does the slot's certificate container hold anything? libykcs11 makes a certificate object of what it can parse alone (not of a
 * compressed one, as older tools write it), and a data object of whatever is there.
 */
export function holdsCertificateData(session: TokenSession, slot: PivSlot): boolean {
  const wanted = containerOf(slot)
  return findByClass(session, 'DATA', {}).some((object) => {
    const id = readAttribute(session, object, CKA.OBJECT_ID)
    // With its DER header or without.
    return id !== undefined && [id, id.subarray(2)].some((bytes) => bytes.equals(wanted))
  })
}

function containerOf({ name }: PivSlot): Buffer {
  const arcs = CONTAINERS[name] ?? [0x10, Number.parseInt(name, 16) - FIRST_RETIRED + 1]
  return Buffer.from([...PIV_ARC, ...arcs])
}
