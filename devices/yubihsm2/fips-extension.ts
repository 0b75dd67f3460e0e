/** The OID 1.3.6.1.4.1.41482.4.10 (FIPS certificate), DER, as it stands in the device certificate of FIPS models only. */
const FIPS_EXTENSION = Buffer.from('060a2b0601040182c40a040a', 'hex')

/** A look for the table of devices, not a verification: the attestation is verified elsewhere, from the certificate as a whole. */
export const hasFipsExtension = (deviceCertificate: Uint8Array): boolean =>
  Buffer.from(deviceCertificate).includes(FIPS_EXTENSION)
