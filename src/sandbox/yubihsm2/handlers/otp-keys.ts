import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import { ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { refuse } from '../command-failure.ts'
import { admit, type Handlers, readHead, store } from '../execution.ts'

const KEY_OCTETS: Readonly<Record<number, number>> = {
  [ALGORITHMS['aes128-yubico-otp']]: 16,
  [ALGORITHMS['aes192-yubico-otp']]: 24,
  [ALGORITHMS['aes256-yubico-otp']]: 32,
}

/** An OTP key can be stored, listed and deleted; nothing here decrypts one-time passwords. */
export const otpKeys: Handlers = {
  'put otp aead key': (request, execution) => {
    const head = readHead(request)
    admit(execution, head, 'otp-aead-key', 'put-otp-aead-key')
    const octets = KEY_OCTETS[head.algorithm]
    if (octets === undefined) throw refuse('invalidData')
    const bytes = Buffer.from(request.bytes(4 + octets))
    request.end()
    return store(execution, head, 'otp-aead-key', { bytes, origin: ORIGINS.imported })
  },
}
