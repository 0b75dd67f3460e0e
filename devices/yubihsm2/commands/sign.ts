import { concat, u16 } from '../byte-writer.ts'
import type { Command } from '../session.ts'

export interface SignRequest {
  readonly id: number
  /** The device adds the DigestInfo by the digest's length. */
  readonly digest: Uint8Array
}

/** PKCS #1 v1.5 over a digest of 32, 48 or 64 bytes. */
export const signPkcs1: Command<SignRequest, Buffer> = {
  name: 'sign pkcs1',
  repeatable: true,
  encode: ({ id, digest }) => concat(u16(id), digest),
  decode: notEmpty,
}

/** Ecdsa-Sig-Value over a digest as long as the curve's order. */
export const signEcdsa: Command<SignRequest, Buffer> = {
  name: 'sign ecdsa',
  repeatable: true,
  encode: ({ id, digest }) => concat(u16(id), digest),
  decode: notEmpty,
}

/** The leftmost octets, or zeros in front: ECDSA uses as many bits of the digest as the order has (FIPS 186-5 6.4.1). */
export function fitDigest(digest: Uint8Array, octets: number): Buffer {
  return digest.length >= octets
    ? Buffer.from(digest.subarray(0, octets))
    : concat(Buffer.alloc(octets - digest.length), digest)
}

function notEmpty(reply: Buffer, short: () => Error): Buffer {
  if (reply.length === 0) throw short()
  return reply
}
