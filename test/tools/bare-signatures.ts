import crypto, { createPublicKey } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Replays exactly the signature verifications that `work` makes, and nothing else, with their keys at hand: what it could not do
 * without. An RSA signature is verified by `publicDecrypt` and the `hash` that follows it, any other by `verify`.
 */
export function bareSignatures(work: () => void): { readonly count: number; readonly replay: () => void } {
  const { verify, publicDecrypt, hash } = crypto
  const calls: (() => unknown)[] = []
  let isRsa = false
  Object.assign(crypto, {
    verify: (...call: Parameters<typeof verify>) => {
      calls.push(() => verify(call[0], call[1], call[2], call[3]))
      return verify(call[0], call[1], call[2], call[3])
    },
    publicDecrypt: (...call: Parameters<typeof publicDecrypt>) => {
      const key = atHand(call[0])
      calls.push(() => publicDecrypt(key, call[1]))
      isRsa = true
      return publicDecrypt(call[0], call[1])
    },
    hash: (...call: [string, Uint8Array, 'hex']) => {
      const decrypt = isRsa ? calls.at(-1) : undefined
      isRsa = false
      if (decrypt !== undefined)
        calls[calls.length - 1] = () => {
          decrypt()
          hash(call[0], call[1], call[2])
        }
      return hash(call[0], call[1], call[2])
    },
  })
  syncBuiltinESMExports()
  try {
    work()
  } finally {
    Object.assign(crypto, { verify, publicDecrypt, hash })
    syncBuiltinESMExports()
  }
  return {
    count: calls.length,
    replay: () => {
      for (const call of calls) call()
    },
  }
}

type Key = Parameters<typeof crypto.publicDecrypt>[0]

/** The key as an object, where it was handed over as octets. */
function atHand(key: Key): Key {
  if (typeof key !== 'object' || !('key' in key) || !Buffer.isBuffer(key.key)) return key
  const object = createPublicKey({ key: key.key, format: 'der', type: 'pkcs1' })
  return 'padding' in key ? { key: object, padding: key.padding } : { key: object }
}
