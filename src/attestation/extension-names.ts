import { YUBIKEY_OID } from './yubikey-extensions.ts'

/** Extensions that requests ask for, by the names of RFC 5280 4.2 and of their vendors. */
const NAMES: Readonly<Record<string, string>> = {
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.15': 'keyUsage',
  '2.5.29.17': 'subjectAltName',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.31': 'cRLDistributionPoints',
  '2.5.29.32': 'certificatePolicies',
  '2.5.29.35': 'authorityKeyIdentifier',
  '2.5.29.37': 'extKeyUsage',
  '1.3.6.1.5.5.7.1.1': 'authorityInfoAccess',
  '1.3.6.1.5.5.7.1.3': 'qcStatements',
  [YUBIKEY_OID.csrLeaf]: 'YubiKey attestation',
  [YUBIKEY_OID.cspn]: 'YubiKey attestation',
  [YUBIKEY_OID.csrF9]: 'certificate of YubiKey slot F9',
}

/** `keyUsage`, or the OID where it has no name here. */
export const extensionName = (oid: string): string => (Object.hasOwn(NAMES, oid) ? (NAMES[oid] ?? oid) : oid)
