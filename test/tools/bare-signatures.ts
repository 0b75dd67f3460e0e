import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/** Replays exactly the signature verifications that `work` makes, and nothing else: what it could not do without. */
export function bareSignatures(work: () => void): { readonly count: number; readonly replay: () => void } {
  const original = crypto.verify
  const calls: Parameters<typeof crypto.verify>[] = []
  const recorded = (...call: Parameters<typeof crypto.verify>): boolean => {
    calls.push(call)
    return original(call[0], call[1], call[2], call[3])
  }
  Object.assign(crypto, { verify: recorded })
  syncBuiltinESMExports()
  try {
    work()
  } finally {
    Object.assign(crypto, { verify: original })
    syncBuiltinESMExports()
  }
  return {
    count: calls.length,
    replay: () => {
      for (const [algorithm, data, key, signature] of calls) original(algorithm, data, key, signature)
    },
  }
}
