import type { SigningAccess } from '../signing-access.ts'
import { parseObjectId } from './object-type.ts'
import { readSettings } from './settings.ts'

/** Where Yubico's packages put yubihsm_pkcs11. */
const MODULE = '/usr/lib/x86_64-linux-gnu/pkcs11/yubihsm_pkcs11.so'

/** An object as yubihsm_pkcs11 shows it: CKA_ID is its id, two octets. */
export function yubihsm2SigningAccess(
  uri: string,
  given: Readonly<Record<string, unknown>>,
  location: string,
): SigningAccess | undefined {
  const id = parseObjectId(location)
  if (id === undefined) return undefined
  const { connector, authKeyId } = readSettings(uri, given)
  const key = authKeyId.toString(16).padStart(4, '0')
  return {
    module: MODULE,
    isFound: false,
    environment: { YUBIHSM_PKCS11_CONF: '/etc/yubihsm_pkcs11.conf' },
    token: 'YubiHSM',
    id: Uint8Array.of(id >> 8, id & 0xff),
    showsCertificate: false,
    pinForm: `${key}PASSWORD (the id of the authentication key, four hex digits, then its password)`,
    pitfalls: [
      `/etc/yubihsm_pkcs11.conf needs the line: connector=${connector.origin}`,
      'yubihsm_pkcs11 shows certificates without subject and issuer: programs that look for them on the token (NSS, Java) find none; pass fullchain.pem.',
    ],
  }
}
