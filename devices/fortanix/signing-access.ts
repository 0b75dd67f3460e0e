import type { SigningAccess } from '../signing-access.ts'

/** A security object as fortanix_pkcs11 shows it: under the object's name, which is the label that the run gave it. */
export const fortanixSigningAccess = (): SigningAccess => ({
  module: '/opt/fortanix/pkcs11/fortanix_pkcs11.so',
  isFound: false,
  showsCertificate: false,
  pinForm: 'the API key of the app, or file:// and the path of its pkcs11.conf (api_endpoint, api_key)',
  pitfalls: [],
})
