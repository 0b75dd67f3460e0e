/** The test files that have a process each: they load vendors' modules into it, or replace modules of ours. */
export const OWN_PROCESS = [
  'test/pkcs11/*.test.ts',
  'test/pkcs11-token/*.test.ts',
  'test/piv-card/*.test.ts',
  'test/enrollment/before-a-key.test.ts',
  'test/enrollment/device-keys.test.ts',
  'test/enrollment/families.test.ts',
  'test/enrollment/pin-attempts.test.ts',
  'test/enrollment/renewal.test.ts',
  'test/enrollment/yubikey.test.ts',
  'test/enrollment/yubikey-crash.test.ts',
  'test/enrollment/yubikey-replacing.test.ts',
  'test/hostile-run.test.ts',
  'test/suites/bounds.test.ts',
]
