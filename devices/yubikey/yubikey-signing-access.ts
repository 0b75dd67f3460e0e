import { tokenSigningAccess } from '../pkcs11/token-signing-access.ts'
import type { SigningAccess } from '../signing-access.ts'
import { type PivSlot, slotByName } from './piv-slots.ts'
import { YUBIKEY_FAMILY } from './yubikey-settings.ts'

/** What libykcs11 calls the objects of a slot (its objects.c). */
const NAMES: Readonly<Record<string, string>> = {
  '9a': 'PIV Authentication',
  '9c': 'Digital Signature',
  '9d': 'Key Management',
  '9e': 'Card Authentication',
}
const FIRST_RETIRED = 5

const nameOf = ({ name, ckaId }: PivSlot): string => NAMES[name] ?? `Retired Key ${ckaId - FIRST_RETIRED + 1}`

/** A slot as libykcs11 shows it. `location`: the slot. */
export function yubikeySigningAccess(
  uri: string,
  settings: Readonly<Record<string, unknown>>,
  location: string,
  generatedOn?: string,
): SigningAccess | undefined {
  const slot = slotByName(location)
  if (slot === undefined) return undefined
  const identity = { id: Uint8Array.of(slot.ckaId), label: `X.509 Certificate for ${nameOf(slot)}` }
  const access = tokenSigningAccess(YUBIKEY_FAMILY, uri, settings, identity)
  const serial = access.serial ?? generatedOn
  return {
    ...access,
    ...(serial === undefined ? {} : { serial, token: `YubiKey PIV #${serial}` }),
    pitfalls: [
      'libykcs11 shows the attestation certificate of the slot under the id of its key: choose the certificate by its file or label, not by id.',
      'PIV has no place for the certificates of issuers: the chain has to come from fullchain.pem.',
    ],
  }
}
