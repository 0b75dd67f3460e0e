import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import { u8 } from '../../../../devices/yubihsm2/byte-writer.ts'
import { ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { usableObject } from '../access.ts'
import { refuse } from '../command-failure.ts'
import { admit, type Handlers, readHead, store } from '../execution.ts'

/** `block`: the longest key; longer ones are hashed by the host. */
const HMACS: Readonly<Record<number, { readonly hash: string; readonly octets: number; readonly block: number }>> = {
  [ALGORITHMS['hmac-sha1']]: { hash: 'sha1', octets: 20, block: 64 },
  [ALGORITHMS['hmac-sha256']]: { hash: 'sha256', octets: 32, block: 64 },
  [ALGORITHMS['hmac-sha384']]: { hash: 'sha384', octets: 48, block: 128 },
  [ALGORITHMS['hmac-sha512']]: { hash: 'sha512', octets: 64, block: 128 },
}

function hmacOf(algorithm: number): { readonly hash: string; readonly octets: number; readonly block: number } {
  const hmac = HMACS[algorithm]
  if (hmac === undefined) throw refuse('invalidData')
  return hmac
}

export const hmacKeys: Handlers = {
  'put hmac key': (request, execution) => {
    const head = readHead(request)
    admit(execution, head, 'hmac-key', 'put-hmac-key')
    const bytes = Buffer.from(request.rest())
    if (bytes.length === 0 || bytes.length > hmacOf(head.algorithm).block) throw refuse('wrongLength')
    return store(execution, head, 'hmac-key', { bytes, origin: ORIGINS.imported })
  },
  'generate hmac key': (request, execution) => {
    const head = readHead(request)
    request.end()
    admit(execution, head, 'hmac-key', 'generate-hmac-key')
    const bytes = randomBytes(hmacOf(head.algorithm).block)
    return store(execution, head, 'hmac-key', { bytes, origin: ORIGINS.generated })
  },
  'sign hmac': (request, execution) => {
    const id = request.u16()
    execution.touched.target = id
    const { bytes, algorithm } = usableObject(execution.state.store, execution.authKey, 'hmac-key', id, 'sign-hmac')
    return createHmac(hmacOf(algorithm).hash, bytes).update(request.rest()).digest()
  },
  'verify hmac': (request, execution) => {
    const id = request.u16()
    execution.touched.target = id
    const { bytes, algorithm } = usableObject(execution.state.store, execution.authKey, 'hmac-key', id, 'verify-hmac')
    const { hash, octets } = hmacOf(algorithm)
    const claimed = request.bytes(octets)
    const mac = createHmac(hash, bytes).update(request.rest()).digest()
    return u8(timingSafeEqual(mac, claimed) ? 1 : 0)
  },
}
