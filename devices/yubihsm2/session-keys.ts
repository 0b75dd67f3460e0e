/**
 * Keys of the secure channel, modelled on GlobalPlatform SCP03 (developers.yubico.com/YubiHSM2/Concepts/Session.html;
 * python-yubihsm core.py `_derive`, utils.py `password_to_key`).
 */
import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { aesCmac } from './aes.ts'
import { concat, u8, u16 } from './byte-writer.ts'

/** What an authentication key holds: K-ENC and K-MAC, 16 bytes each. */
export interface StaticKeys {
  readonly encryption: Uint8Array
  readonly mac: Uint8Array
}

/** S-ENC, S-MAC and S-RMAC, 16 bytes each. */
export interface SessionKeys {
  readonly encryption: Uint8Array
  readonly mac: Uint8Array
  readonly replyMac: Uint8Array
}

const SALT = 'Yubico'
const ROUNDS = 10_000

/** Password (UTF-8, not normalised) -> static keys: PBKDF2-HMAC-SHA256, salt "Yubico", 10,000 rounds. */
export async function deriveStaticKeys(password: Uint8Array): Promise<StaticKeys> {
  const bytes = await promisify(pbkdf2)(password, SALT, ROUNDS, 32, 'sha256')
  return { encryption: bytes.subarray(0, 16), mac: bytes.subarray(16) }
}

/** Derivation constants: card and host cryptogram, then the three session keys. */
const TYPES = { cardCryptogram: 0x00, hostCryptogram: 0x01, encryption: 0x04, mac: 0x06, replyMac: 0x07 } as const

/** @param context host challenge, card challenge: 16 bytes */
async function derive(
  key: Uint8Array,
  type: keyof typeof TYPES,
  context: Uint8Array,
  bits: 0x40 | 0x80,
): Promise<Buffer> {
  const input = concat(Buffer.alloc(11), u8(TYPES[type]), u8(0), u16(bits), u8(1), context)
  return (await aesCmac(key, input)).subarray(0, bits / 8)
}

export async function deriveSessionKeys(keys: StaticKeys, context: Uint8Array): Promise<SessionKeys> {
  return {
    encryption: await derive(keys.encryption, 'encryption', context, 0x80),
    mac: await derive(keys.mac, 'mac', context, 0x80),
    replyMac: await derive(keys.mac, 'replyMac', context, 0x80),
  }
}

/** 8 bytes by which one side proves to the other that it holds the same keys. */
export const cryptogram = (keys: SessionKeys, side: 'card' | 'host', context: Uint8Array): Promise<Buffer> =>
  derive(keys.mac, side === 'card' ? 'cardCryptogram' : 'hostCryptogram', context, 0x40)
