import { DeviceError } from '../device-error.ts'
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

/** Bytes of an object that PUT DATA takes (yubico-piv-tool, lib/internal.h: CB_OBJ_MAX, without the header before it). */
const MAX_OBJECT = 3052
/** `70 82 LL LL`, the certificate, `71 01 00`, `FE 00` (NIST SP 800-73-4 part 1, appendix A). */
const WRAPPING = 9

/** libykcs11 does not say why it stores no larger one (CKR_FUNCTION_FAILED). Throws DeviceError `device.refused`. */
export function refuseTooLarge(slot: string, subject: string, certificate: Uint8Array): void {
  const most = MAX_OBJECT - WRAPPING
  if (certificate.length <= most) return
  throw new DeviceError(
    'device.refused',
    `Did not store the certificate on ${subject}: it has ${certificate.length} bytes, and slot ${slot} takes at most ${most}.`,
    {
      remedy: `The key signs without it: pass the certificate to your signing program as a file, or store it compressed (\`ykman piv certificates import --compress ${slot} FILE\`), which fewer programs read.`,
    },
  )
}

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
