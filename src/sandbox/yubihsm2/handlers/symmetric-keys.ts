import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import type { CapabilityName } from '../../../../devices/yubihsm2/capability.ts'
import { ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { usableObject } from '../access.ts'
import { refuse } from '../command-failure.ts'
import { admit, type Handler, type Handlers, orInvalid, readHead, store } from '../execution.ts'

const KEY_OCTETS: Readonly<Record<number, number>> = {
  [ALGORITHMS.aes128]: 16,
  [ALGORITHMS.aes192]: 24,
  [ALGORITHMS.aes256]: 32,
}

function keyOctets(algorithm: number): number {
  const octets = KEY_OCTETS[algorithm]
  if (octets === undefined) throw refuse('invalidData')
  return octets
}

/** Whole blocks, one mode and direction. */
const aes =
  (mode: 'ecb' | 'cbc', direction: 'encrypt' | 'decrypt', capability: CapabilityName): Handler =>
  (request, execution) => {
    const id = request.u16()
    execution.touched.target = id
    const { bytes } = usableObject(execution.state.store, execution.authKey, 'symmetric-key', id, capability)
    execution.state.options.requireAlgorithm(ALGORITHMS[mode === 'ecb' ? 'aes-ecb' : 'aes-cbc'])
    const iv = mode === 'ecb' ? null : request.bytes(16)
    const data = request.rest()
    if (data.length % 16 !== 0) throw refuse('wrongLength')
    const name = `aes-${bytes.length * 8}-${mode}`
    return orInvalid(() => {
      const cipher = direction === 'encrypt' ? createCipheriv(name, bytes, iv) : createDecipheriv(name, bytes, iv)
      cipher.setAutoPadding(false)
      return Buffer.concat([cipher.update(data), cipher.final()])
    })
  }

export const symmetricKeys: Handlers = {
  'put symmetric key': (request, execution) => {
    const head = readHead(request)
    admit(execution, head, 'symmetric-key', 'put-symmetric-key')
    const bytes = Buffer.from(request.bytes(keyOctets(head.algorithm)))
    request.end()
    return store(execution, head, 'symmetric-key', { bytes, origin: ORIGINS.imported })
  },
  'generate symmetric key': (request, execution) => {
    const head = readHead(request)
    request.end()
    admit(execution, head, 'symmetric-key', 'generate-symmetric-key')
    return store(execution, head, 'symmetric-key', {
      bytes: randomBytes(keyOctets(head.algorithm)),
      origin: ORIGINS.generated,
    })
  },
  'encrypt ecb': aes('ecb', 'encrypt', 'encrypt-ecb'),
  'decrypt ecb': aes('ecb', 'decrypt', 'decrypt-ecb'),
  'encrypt cbc': aes('cbc', 'encrypt', 'encrypt-cbc'),
  'decrypt cbc': aes('cbc', 'decrypt', 'decrypt-cbc'),
}
