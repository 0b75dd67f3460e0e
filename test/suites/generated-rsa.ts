/** PKCS#1 v1.5 signatures, right and wrong, in the manner of Wycheproof, each with the flag that Wycheproof gives it. RFC 8017 9.2. */
import { constants, createHash, type KeyObject, privateEncrypt, randomBytes, sign } from 'node:crypto'
import { integer, nullValue, octetString, oid, sequence } from '../../src/asn1/der-writer.ts'
import type { SignatureHash } from '../../src/attestation/certificates/signature-algorithm.ts'
import type { Case } from './generated-suites.ts'

/** RFC 8017 B.1. */
const HASH_OIDS: Readonly<Record<SignatureHash, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
}
const VALID = 8

export function rsaCases(key: KeyObject, hash: SignatureHash): readonly Case[] {
  const size = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8
  const message = randomBytes(20)
  const digest = createHash(hash).update(message).digest()
  const name = HASH_OIDS[hash]
  const info = (...parts: readonly Uint8Array[]): Uint8Array => sequence(sequence(...parts), octetString(digest))
  const proper = info(oid(name), nullValue())
  /** EM = 00 || type || padding || 00 || T || rest, whatever fills it up. */
  const encoded = (t: Uint8Array, { type = 1, fill = 0xff, rest = 0, short = 0 } = {}): Uint8Array => {
    const padding = Buffer.alloc(short > 0 ? short : size - 3 - t.length - rest, fill)
    const used = Buffer.concat([Uint8Array.of(0, type), padding, Uint8Array.of(0), t])
    return Buffer.concat([used, randomBytes(size - used.length)])
  }
  const raw = (em: Uint8Array): Uint8Array => privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, em)
  const invalid = (flag: string, signature: Uint8Array): Case => ({ message, signature, result: 'invalid', flag })
  const right = sign(hash, message, key)
  const others = (['sha1', 'sha256', 'sha384', 'sha512'] as const).filter((other) => other !== hash)
  const longForm = Buffer.from([0x30, 0x81, proper.length - 2, ...proper.subarray(2)])
  const changed = (at: number): Uint8Array => {
    const em = encoded(proper)
    em[at] = (em[at] ?? 0) ^ 1
    return em
  }
  const longer = Buffer.concat([Uint8Array.of(0), right])
  return [
    { message, signature: right, result: 'valid', flag: 'Normal' },
    ...Array.from({ length: VALID }, (): Case => {
      const one = randomBytes(20)
      return { message: one, signature: sign(hash, one, key), result: 'valid', flag: 'Normal' }
    }),
    { message, signature: raw(encoded(info(oid(name)))), result: 'acceptable', flag: 'MissingNull' },
    { message: randomBytes(20), signature: right, result: 'invalid', flag: 'InvalidSignature' },
    ...others.map((other) => invalid('WrongHash', sign(other, message, key))),
    ...others.map((other) => invalid('WrongHash', raw(encoded(info(oid(HASH_OIDS[other]), nullValue()))))),
    invalid('NoHash', raw(encoded(digest))),
    invalid('NoHash', raw(encoded(message))),
    invalid('BerEncodedPadding', raw(encoded(longForm))),
    ...[
      Buffer.concat([proper, nullValue()]),
      info(nullValue(), oid(name)),
      sequence(octetString(digest)),
      info(oid(name), integer(0)),
    ].map((t) => invalid('InvalidAsnInPadding', raw(encoded(t)))),
    invalid('InvalidPadding', raw(encoded(proper, { type: 2 }))),
    invalid('InvalidPadding', raw(encoded(proper, { type: 0, fill: 0 }))),
    invalid('InvalidPadding', raw(encoded(proper, { fill: 0xfe }))),
    invalid('ShortPadding', raw(encoded(proper, { short: 8 }))),
    ...[1, 2, size - proper.length - 1, size - proper.length, size - 1].map((at) =>
      invalid('ModifiedPadding', raw(changed(at))),
    ),
    invalid('WrongPrimitive', sign(hash, message, { key, padding: constants.RSA_PKCS1_PSS_PADDING })),
    ...[longer, right.subarray(1), right.subarray(0, -1), new Uint8Array(), new Uint8Array(size)].map((signature) =>
      invalid('InvalidSignature', signature),
    ),
    invalid('SmallSignature', Buffer.alloc(size, 0).fill(1, size - 1)),
  ]
}
