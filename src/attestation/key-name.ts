import { attestedKey } from './verdict.ts'

/** The claim `key` in the words of public test vectors: `RSA2048`, `P256`. Undefined where the key cannot be read. */
export function keyName(spki: Uint8Array): string | undefined {
  const key = attestedKey(spki)
  return key?.type === 'RSA' ? `RSA${key.bits}` : key?.curve?.replace('-', '')
}
