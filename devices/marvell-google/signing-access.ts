import type { SigningAccess } from '../signing-access.ts'

/** A key version as libkmsp11 shows it: CKA_LABEL is the id of its CryptoKey, CKA_ID the name of the version (Google's user guide). */
export function marvellGoogleSigningAccess(_uri: string, _given: unknown, location: string): SigningAccess | undefined {
  const key = /\/cryptoKeys\/([^/]+)\/cryptoKeyVersions\/\d+$/.exec(location)?.[1]
  if (key === undefined) return undefined
  return {
    module: '/usr/lib/libkmsp11.so',
    isFound: false,
    environment: { KMS_PKCS11_CONFIG: '/etc/kmsp11.yaml' },
    id: Buffer.from(location, 'utf8'),
    label: key,
    showsCertificate: false,
    pinForm: 'anything: libkmsp11 ignores the PIN and uses the credentials of Google Cloud',
    pitfalls: [
      'libkmsp11 reads KMS_PKCS11_CONFIG: tokens, each with a key_ring and a label; the file must be writable by its owner only.',
      'libkmsp11 shows the certificates that its configuration lists (tokens, certs), and no others: pass fullchain.pem.',
      'A key version signs with the hash of its algorithm only.',
    ],
  }
}
