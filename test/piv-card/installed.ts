/** Whether the programs of others that a test drives are here. In CI their absence is an error: nothing may be passed over there. */

import { existsSync } from 'node:fs'
import { missingForPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { allHere } from '../not-run.ts'

const PROGRAMS = {
  'yubico-piv-tool': ['/usr/bin/yubico-piv-tool'],
  'yubikey-manager': ['/usr/bin/ykman'],
  opensc: ['/usr/bin/pkcs11-tool'],
  openssl: ['/usr/bin/openssl'],
  ykcs11: ['/usr/lib/x86_64-linux-gnu/libykcs11.so', '/usr/lib/aarch64-linux-gnu/libykcs11.so'],
} as const

/** Debian's PKCS#11 module for PIV on YubiKeys. */
export const LIBYKCS11 = PROGRAMS.ykcs11.find(existsSync) ?? PROGRAMS.ykcs11[0]

/** OpenSC's module, which knows a PIV card by its data alone. */
export const OPENSC =
  ['/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so', '/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so'].find(existsSync) ?? ''

export function installed(...packages: readonly (keyof typeof PROGRAMS)[]): boolean {
  return allHere([...missingForPcscd(), ...packages.filter((name) => !PROGRAMS[name].some(existsSync))])
}
