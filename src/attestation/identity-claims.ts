import type { KeyClaims } from './attestation-result.ts'
import { keyName } from './key-name.ts'

/** Device and key once more as claims, in the words of public test vectors: `firmware` 5.4.3, `serial` 15732500, `key` P256. */
export function identityClaims(spki: Uint8Array, firmware: string | undefined, serial: string | undefined): KeyClaims {
  const key = keyName(spki)
  return {
    ...(key === undefined ? {} : { key }),
    ...(firmware === undefined ? {} : { firmware }),
    ...(serial === undefined ? {} : { serial: Number(serial) }),
  }
}
