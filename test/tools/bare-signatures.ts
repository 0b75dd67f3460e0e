import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Replays exactly the signature verifications that `work` makes, and nothing else: what it could not do without. An RSA signature is
 * verified by `publicDecrypt` and the `hash` that follows it, any other by `verify`.
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
      calls.push(() => publicDecrypt(call[0], call[1]))
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
