import { EXTENSION_OID } from '../../attestation/certificates/certificate-extensions.ts'
import { YUBIKEY_OID } from '../../attestation/yubikey/extensions.ts'

/** Extensions that requests ask for, by their names and those of their vendors. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(EXTENSION_OID).map(([name, oid]) => [oid, name] as const),
  ['1.3.6.1.5.5.7.1.3', 'qcStatements'],
  [YUBIKEY_OID.csrLeaf, 'YubiKey attestation'],
  [YUBIKEY_OID.cspn, 'YubiKey attestation'],
  [YUBIKEY_OID.csrF9, 'certificate of YubiKey slot F9'],
])

/** `keyUsage`, or the OID where it has no name here. */
export const extensionName = (oid: string): string => NAMES.get(oid) ?? oid
