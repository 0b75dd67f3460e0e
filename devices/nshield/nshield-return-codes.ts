import { type ReturnCode, row, TEMPLATE } from '../pkcs11/return-code.ts'

/** What libcknfast answers in a FIPS world, where the standard's code alone would not tell why (pkcs11extra.h). */
export const NSHIELD_RETURN_CODES: ReadonlyMap<number, ReturnCode> = new Map([
  [
    0x80000054,
    row(
      'CKR_FIPS_FUNCTION_NOT_SUPPORTED',
      'device.unsupported',
      'the Security World is a FIPS one and forbids it',
      'Choose another key type.',
    ),
  ],
  [
    0x80000070,
    row(
      'CKR_FIPS_MECHANISM_INVALID',
      'device.unsupported',
      'the Security World is a FIPS one and forbids the mechanism',
      'Choose another key type.',
    ),
  ],
  [
    0x800000d1,
    row(
      'CKR_FIPS_TEMPLATE_INCONSISTENT',
      'device.unsupported',
      'the Security World is a FIPS one and forbids these attributes',
      TEMPLATE,
    ),
  ],
  [
    0x800000e0,
    row(
      'CKR_FIPS_TOKEN_NOT_PRESENT',
      'credential.refused',
      'the Security World is FIPS 140 level 3 and wants a card to authorise making a key',
      'Insert an Administrator or Operator card of the world into the reader, then try again.',
    ),
  ],
])
