import { returnCodes, TEMPLATE } from '../pkcs11/return-codes.ts'

const KEY_TYPE = 'Choose another key type.'
const CARD = 'Insert an Administrator or Operator card of the world into the reader, then try again.'

/** What libcknfast answers in a FIPS world, where the standard's code alone would not say why (pkcs11extra.h). */
// biome-ignore format: a table
export const NSHIELD_RETURN_CODES = returnCodes([
  [0x80000054, 'CKR_FIPS_FUNCTION_NOT_SUPPORTED', 'device.unsupported', 'the FIPS Security World forbids it', KEY_TYPE],
  [0x80000070, 'CKR_FIPS_MECHANISM_INVALID', 'device.unsupported', 'the FIPS Security World forbids the mechanism', KEY_TYPE],
  [0x800000d1, 'CKR_FIPS_TEMPLATE_INCONSISTENT', 'device.unsupported', 'the FIPS Security World forbids these attributes', TEMPLATE],
  [0x800000e0, 'CKR_FIPS_TOKEN_NOT_PRESENT', 'credential.refused', 'the FIPS 140 Level 3 Security World needs a card to authorise key generation', CARD],
])
