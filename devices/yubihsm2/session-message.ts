/**
 * Encrypted frames. `C = AES-CBC(S-ENC, IV = AES(S-ENC, counter), frame 80 00…)`, MAC over the chain and `05 length sid C`;
 * a reply is encrypted under the same IV and authenticated with S-RMAC over the new chain, which it does not move.
 * Source: python-yubihsm core.py `_secure_transceive`, checked against Yubico's own test bytes.
 */
import { timingSafeEqual } from 'node:crypto'
import { aesBlock, aesCbcDecrypt, aesCbcEncrypt, aesCmac } from './aes.ts'
import { concat, u8, u16 } from './byte-writer.ts'
import { COMMANDS, REPLY_FLAG } from './command.ts'
import type { SessionKeys } from './session-keys.ts'

export const MAC_LENGTH = 8
const BLOCK = 16

/** `80`, then zeros up to a whole block; at least one byte. */
export function pad(frame: Uint8Array): Buffer {
  return concat(frame, u8(0x80), Buffer.alloc(BLOCK - 1 - (frame.length % BLOCK)))
}

/** The frame before its padding; undefined where the padding is none. */
export function unpad(padded: Uint8Array): Buffer | undefined {
  const end = Buffer.from(padded).lastIndexOf(0x80)
  if (end < 0 || padded.length - end > BLOCK) return undefined
  for (const byte of padded.subarray(end + 1)) if (byte !== 0) return undefined
  return Buffer.from(padded.subarray(0, end))
}

function ivOf(keys: SessionKeys, counter: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.writeUInt32BE(counter, BLOCK - 4)
  return aesBlock(keys.encryption, block)
}

/** A frame that ends in 8 bytes of MAC, and the 16 bytes that the next MAC starts from. */
export interface Sealed {
  readonly frame: Buffer
  readonly chain: Buffer
}

/** Adds the MAC to `code length sid body`; the length field counts the MAC. */
export async function seal(
  macKey: Uint8Array,
  chain: Uint8Array,
  code: number,
  sid: number,
  body: Uint8Array,
): Promise<Sealed> {
  const head = concat(u8(code), u16(1 + body.length + MAC_LENGTH), u8(sid), body)
  const mac = await aesCmac(macKey, concat(chain, head))
  return { frame: concat(head, mac.subarray(0, MAC_LENGTH)), chain: mac }
}

/** The new chain where the MAC of `frame` holds, else undefined. */
export async function checkSeal(macKey: Uint8Array, chain: Uint8Array, frame: Uint8Array): Promise<Buffer | undefined> {
  const mac = await aesCmac(macKey, concat(chain, frame.subarray(0, -MAC_LENGTH)))
  return timingSafeEqual(mac.subarray(0, MAC_LENGTH), frame.subarray(-MAC_LENGTH)) ? mac : undefined
}

/** Encrypts one command frame. */
export function sealCommand(
  keys: SessionKeys,
  chain: Uint8Array,
  counter: number,
  sid: number,
  inner: Uint8Array,
): Promise<Sealed> {
  const body = aesCbcEncrypt(keys.encryption, ivOf(keys, counter), pad(inner))
  return seal(keys.mac, chain, COMMANDS['session message'].code, sid, body)
}

/** Encrypts one reply frame (the device's side). */
export async function sealReply(
  keys: SessionKeys,
  chain: Uint8Array,
  counter: number,
  sid: number,
  inner: Uint8Array,
): Promise<Buffer> {
  const body = aesCbcEncrypt(keys.encryption, ivOf(keys, counter), pad(inner))
  return (await seal(keys.replyMac, chain, COMMANDS['session message'].code | REPLY_FLAG, sid, body)).frame
}

/** The inner frame of a ciphertext; undefined where it is not whole blocks or has no padding. */
export function openBody(keys: SessionKeys, counter: number, body: Uint8Array): Buffer | undefined {
  if (body.length === 0 || body.length % BLOCK !== 0) return undefined
  return unpad(aesCbcDecrypt(keys.encryption, ivOf(keys, counter), body))
}
