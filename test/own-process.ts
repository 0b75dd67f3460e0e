/** The test files that have a process each: they load vendors' modules into it, or replace modules of ours. */
export const OWN_PROCESS = [
  'test/pkcs11/*.test.ts',
  'test/pkcs11-token/{device-families,luna-double,nshield-double}.test.ts',
  'test/piv-card/double.test.ts',
  'test/enrollment/{before-a-key,device-keys,pin-attempts,renewal}.test.ts',
  'test/hostile-run.test.ts',
  'test/suites/bounds.test.ts',
]
