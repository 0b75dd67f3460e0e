import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import { keyFromPoint } from '../../../../devices/yubihsm2/asymmetric-keys.ts'
import { concat, u16 } from '../../../../devices/yubihsm2/byte-writer.ts'
import { OBJECT_TYPES, ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { requireCapability, visibleObject } from '../access.ts'
import { refuse } from '../command-failure.ts'
import { admit, type DeviceState, type Handlers, orInvalid, readHead, store } from '../execution.ts'
import { atLeast } from '../personality.ts'

/** K-ENC and K-MAC, or X and Y. Throws CommandFailure where `bytes` is no key of that algorithm. */
function checkKey(state: DeviceState, algorithm: number, bytes: Buffer): Buffer {
  if (algorithm === ALGORITHMS['aes128-yubico-authentication']) {
    if (bytes.length !== 32) throw refuse('wrongLength')
    return bytes
  }
  if (algorithm !== ALGORITHMS['ecp256-yubico-authentication'] || !atLeast(state.personality, 2, 3)) {
    throw refuse('invalidData')
  }
  if (bytes.length !== 64) throw refuse('wrongLength')
  orInvalid(() => keyFromPoint(concat(Uint8Array.of(4), bytes)))
  return bytes
}

export const authenticationKeys: Handlers = {
  'put authentication key': (request, execution) => {
    const head = readHead(request)
    const delegated = request.u64()
    admit(execution, head, 'authentication-key', 'put-authentication-key', delegated)
    const bytes = checkKey(execution.state, head.algorithm, Buffer.from(request.rest()))
    return store(execution, head, 'authentication-key', { bytes, delegated, origin: ORIGINS.imported })
  },
  'change authentication key': (request, { state, authKey, touched }) => {
    const id = request.u16()
    const algorithm = request.u8()
    touched.target = id
    // Only the key that opened the session can be changed (python-yubihsm tests/device/test_auth.py).
    if (id !== authKey.id) throw refuse('invalidId')
    requireCapability(authKey, 'change-authentication-key')
    const object = visibleObject(state.store, authKey, OBJECT_TYPES['authentication-key'], id)
    if (algorithm !== object.algorithm) throw refuse('invalidData')
    state.store.replaceBytes(object, checkKey(state, algorithm, Buffer.from(request.rest())))
    if (id === 1) state.options.factoryKeyGone()
    return u16(id)
  },
}
