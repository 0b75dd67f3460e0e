/** Both sides of the door, asked the same: what Node.js (OpenSSL, zlib) says is what the portable side must say. */
import { constants, generateKeyPairSync, type KeyObject, privateEncrypt, sign } from 'node:crypto'
import { deflateRawSync, gzipSync, constants as zlib } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dsaPublicKeyInfo, ecPublicKeyInfo, rsaPublicKeyInfo } from '../asn1/public-key-writer.ts'
import { readPublicNumbers } from '../asn1/public-numbers.ts'
import { isStrictSignature } from '../asn1/signature-value.ts'
import * as node from './node.ts'
import { Buffer as Portable } from './portable/buffer.ts'
import * as portable from './portable.ts'
import { CURVE_OCTETS, type DigestName } from './public-numbers.ts'

const DIGESTS: readonly DigestName[] = ['sha1', 'sha256', 'sha384', 'sha512']
const DATA = Buffer.from('what is signed')

interface Question {
  readonly name: DigestName
  readonly spki: Uint8Array
  readonly signature: Uint8Array
  readonly encoding?: 'der' | 'p1363'
}

/** True, false, or that the key is none; asked as the verifiers ask. */
function ask(side: 'node' | 'portable', { name, spki, signature, encoding = 'der' }: Question): string {
  const numbers = readPublicNumbers(spki)
  if (numbers === undefined) return 'unreadable'
  if (numbers.type !== 'RSA' && encoding === 'der' && !isStrictSignature(signature)) return 'not strict'
  if (side === 'node') {
    const [once, kept] = [node.keyForOnce(numbers, spki), node.importKey(numbers, spki)].map((key) =>
      key === undefined ? 'no key' : String(node.verifyWith(name, key, DATA, signature, encoding)),
    )
    return once === kept ? (kept ?? '') : `${once} the first time, then ${kept}`
  }
  const key = portable.importKey(numbers, spki)
  return key === undefined ? 'no key' : String(portable.verifyWith(name, key, DATA, signature, encoding))
}

/** The answer that both give. */
function both(question: Question): string {
  const expected = ask('node', question)
  expect(ask('portable', question), JSON.stringify(question)).toBe(expected)
  return expected
}

const der = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })
const flip = (bytes: Uint8Array, at: number, mask = 1): Buffer => {
  const out = Buffer.from(bytes)
  out[at] = (out[at] ?? 0) ^ mask
  return out
}
const octets = (value: bigint, length?: number): Buffer => {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(length === undefined ? hex.length + (hex.length % 2) : 2 * length, '0'), 'hex')
}
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

/** Every octet changed, at its low end or its high one, every length but the right one. */
function mutants(signature: Uint8Array): readonly Uint8Array[] {
  const changed = [...signature.keys()].map((at) => flip(signature, at, at % 2 === 0 ? 0x01 : 0x80))
  const longer = [Buffer.concat([signature, Buffer.of(0)]), Buffer.concat([Buffer.of(0), signature])]
  return [...changed, ...longer, signature.subarray(1), signature.subarray(0, -1), new Uint8Array()]
}

describe('RSA', () => {
  const KEYS = [
    [512, 3],
    [768, 65537],
    [1024, 17],
    [1031, 65537],
    [2048, 65537],
  ] as const
  const pairs = KEYS.map(([modulusLength, publicExponent]) =>
    generateKeyPairSync('rsa', { modulusLength, publicExponent }),
  )

  it.each(DIGESTS)('agrees on signatures with %s, right and damaged', (name) => {
    for (const { publicKey, privateKey } of pairs) {
      const spki = der(publicKey)
      let signature: Buffer
      try {
        signature = sign(name, DATA, privateKey)
      } catch {
        // The key is too short for this digest.
        continue
      }
      expect(both({ name, spki, signature })).toBe('true')
      for (const mutant of mutants(signature)) expect(both({ name, spki, signature: mutant })).toBe('false')
      for (const other of DIGESTS.filter((each) => each !== name)) both({ name: other, spki, signature })
    }
  })

  it('agrees on signatures in another padding, or with an encoding that only looks right', () => {
    const [, , , , pair] = pairs
    if (pair === undefined) throw new Error('there is no RSA-2048 key')
    const { publicKey, privateKey } = pair
    const pss = sign('sha256', DATA, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING })
    expect(both({ name: 'sha256', spki: der(publicKey), signature: pss })).toBe('false')
    const hash = Buffer.from(node.digest('sha256', DATA))
    const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
    const bare = Buffer.from('302f300b0609608648016503040201' + '0420', 'hex')
    const full = (tail: Buffer, head = Buffer.of(0, 1)): Buffer =>
      Buffer.concat([head, Buffer.alloc(256 - head.length - 1 - tail.length, 0xff), Buffer.of(0), tail])
    const right = full(Buffer.concat([info, hash]))
    const forged = [
      full(Buffer.concat([bare, hash])),
      full(Buffer.concat([info, hash, Buffer.of(0)])),
      full(Buffer.concat([info, hash]), Buffer.of(0, 2)),
      full(hash),
      Buffer.concat([Buffer.of(0, 1), Buffer.alloc(8, 0xff), Buffer.of(0), info, hash, Buffer.alloc(194)]),
      flip(right, 40, 0x10),
    ]
    const raw = (encoded: Buffer): Buffer =>
      privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded)
    expect(both({ name: 'sha256', spki: der(publicKey), signature: raw(right) })).toBe('true')
    for (const encoded of forged)
      expect(both({ name: 'sha256', spki: der(publicKey), signature: raw(encoded) })).toBe('false')
  })

  it('takes no signature that was cut to what its number needs', () => {
    const [pair] = pairs
    if (pair === undefined) throw new Error('there is no RSA-512 key')
    const numbers = readPublicNumbers(der(pair.publicKey))
    if (numbers === undefined) throw new Error('it is not a key')
    let data = DATA
    let signature = sign('sha1', data, pair.privateKey)
    for (let count = 0; signature[0] !== 0; count++) {
      data = Buffer.from(`${count}`)
      signature = sign('sha1', data, pair.privateKey)
    }
    for (const side of [node, portable]) {
      const key = side.importKey(numbers, der(pair.publicKey))
      const holds = (given: Uint8Array) => key !== undefined && side.verifyWith('sha1', key as never, data, given)
      expect([holds(signature), holds(signature.subarray(1))]).toEqual([true, false])
    }
  })

  it('agrees on odd keys: even, tiny and huge numbers, exponents without sense', () => {
    const [pair] = pairs
    const numbers = readPublicNumbers(der(pair?.publicKey as KeyObject))
    if (numbers?.type !== 'RSA') throw new Error('it is not an RSA key')
    const n = number(numbers.modulus)
    const moduli = [0n, 1n, 2n, 3n, 15n, n - 1n, n, n + 2n, (1n << 3080n) + 1n, (1n << 3072n) - 1n]
    const exponents = [0n, 1n, 2n, 3n, 4n, 65537n, (1n << 64n) - 1n, (1n << 64n) + 1n, n, n + 1n]
    for (const modulus of moduli)
      for (const e of exponents) {
        const spki = rsaPublicKeyInfo(octets(modulus), octets(e))
        const length = octets(modulus).length
        const tail = Buffer.concat([
          Buffer.from('3031300d060960864801650304020105000420', 'hex'),
          node.digest('sha256', DATA),
        ])
        const encoded =
          length < tail.length + 11
            ? Buffer.alloc(length, 1)
            : Buffer.concat([Buffer.of(0, 1), Buffer.alloc(length - tail.length - 3, 0xff), Buffer.of(0), tail])
        for (const signature of [encoded, Buffer.alloc(length), Buffer.alloc(length, 0xff)])
          both({ name: 'sha256', spki, signature })
      }
  })
})

const CURVES = {
  'P-224': {
    oid: '1.3.132.0.33',
    openssl: 'secp224r1',
    n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  },
  'P-256': {
    oid: '1.2.840.10045.3.1.7',
    openssl: 'prime256v1',
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': { oid: '1.3.132.0.34', openssl: 'secp384r1', n: undefined },
  'P-521': { oid: '1.3.132.0.35', openssl: 'secp521r1', n: undefined },
  secp256k1: { oid: '1.3.132.0.10', openssl: 'secp256k1', n: undefined },
  brainpoolP256r1: { oid: '1.3.36.3.3.2.8.1.1.7', openssl: 'brainpoolP256r1', n: undefined },
  brainpoolP384r1: { oid: '1.3.36.3.3.2.8.1.1.11', openssl: 'brainpoolP384r1', n: undefined },
  brainpoolP512r1: { oid: '1.3.36.3.3.2.8.1.1.13', openssl: 'brainpoolP512r1', n: undefined },
} as const

it('knows the same curves on both sides', () => {
  expect(Object.keys(CURVES)).toEqual(Object.keys(CURVE_OCTETS))
})

describe.each(Object.entries(CURVES))('ECDSA on %s', (curve, { oid, openssl, n }) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: openssl })
  const spki = der(publicKey)
  const length = CURVE_OCTETS[curve] ?? 0

  it('agrees on signatures, right and damaged, in both encodings', () => {
    for (const name of DIGESTS) {
      const raw = sign(name, DATA, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      const asn1 = sign(name, DATA, privateKey)
      expect(both({ name, spki, signature: raw, encoding: 'p1363' })).toBe('true')
      expect(both({ name, spki, signature: asn1 })).toBe('true')
      if (name !== 'sha256') continue
      for (const at of [0, 1, length - 1, length, 2 * length - 1])
        expect(both({ name, spki, signature: flip(raw, at), encoding: 'p1363' })).toBe('false')
      for (const mutant of mutants(asn1).filter((_, at) => at % 5 === 0)) both({ name, spki, signature: mutant })
    }
  })

  it('agrees on r and s that are zero, the order or more, and on the other s', () => {
    const raw = sign('sha256', DATA, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    const [r, s] = [raw.subarray(0, length), raw.subarray(length)]
    const numbers = [Buffer.alloc(length), Buffer.alloc(length, 0xff), octets(1n, length)]
    if (n !== undefined) {
      numbers.push(octets(n, length), octets(n - 1n, length))
      const otherS = Buffer.concat([r, octets(n - number(s), length)])
      expect(both({ name: 'sha256', spki, signature: otherS, encoding: 'p1363' })).toBe('true')
    }
    for (const odd of numbers)
      for (const signature of [Buffer.concat([odd, s]), Buffer.concat([r, odd]), Buffer.concat([odd, odd])])
        expect(both({ name: 'sha256', spki, signature, encoding: 'p1363' })).toBe('false')
    for (const signature of [raw.subarray(1), Buffer.concat([raw, Buffer.of(0)]), Buffer.alloc(0)])
      expect(both({ name: 'sha256', spki, signature, encoding: 'p1363' })).toBe('false')
  })

  it('agrees on which points are keys', () => {
    const point = spki.subarray(-(1 + 2 * length))
    const signature = sign('sha256', DATA, privateKey)
    const points = [
      ...[1, length, 1 + length, 2 * length].map((at) => flip(point, at)),
      Buffer.concat([Buffer.of(4), Buffer.alloc(2 * length)]),
      Buffer.concat([Buffer.of(4), Buffer.alloc(2 * length, 0xff)]),
      Buffer.concat([point.subarray(0, 1 + length), Buffer.alloc(length, 0xff)]),
      Buffer.concat([Buffer.of(2 + ((point.at(-1) ?? 0) & 1)), point.subarray(1, 1 + length)]),
      Buffer.concat([Buffer.of(6 + ((point.at(-1) ?? 0) & 1)), point.subarray(1)]),
      Buffer.of(0),
    ]
    for (const each of points)
      expect(both({ name: 'sha256', spki: ecPublicKeyInfo(oid, each), signature })).toMatch(/^(no key|unreadable)$/)
  })
})

describe.each([
  [1024, 160],
  [2048, 224],
  [2048, 256],
])('DSA with %d bits and a q of %d', (modulusLength, divisorLength) => {
  const { publicKey, privateKey } = generateKeyPairSync('dsa', { modulusLength, divisorLength })
  const spki = der(publicKey)
  const length = divisorLength / 8
  const raw = sign('sha256', DATA, { key: privateKey, dsaEncoding: 'ieee-p1363' })

  it('agrees on signatures, right and damaged', () => {
    for (const name of DIGESTS) {
      const signature = sign(name, DATA, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      expect(both({ name, spki, signature, encoding: 'p1363' })).toBe('true')
      expect(both({ name, spki, signature: sign(name, DATA, privateKey) })).toBe('true')
    }
    for (const mutant of mutants(raw))
      expect(both({ name: 'sha256', spki, signature: mutant, encoding: 'p1363' })).toBe('false')
  })

  it('agrees on odd keys and numbers', () => {
    const key = readPublicNumbers(spki)
    if (key?.type !== 'DSA') throw new Error('it is not a DSA key')
    const [p, q, g, y] = [key.p, key.q, key.g, key.y].map(number) as [bigint, bigint, bigint, bigint]
    const odd = [0n, 1n, 2n, 3n, p - 1n, p, p + 1n, q, q - 1n, q + 1n, q + 2n, 1n << BigInt(divisorLength - 1)]
    const keys = odd.flatMap((value) => [
      [value, q, g, y],
      [p, value, g, y],
      [p, q, value, y],
      [p, q, g, value],
    ])
    for (const [first = 0n, second = 0n, third = 0n, fourth = 0n] of keys) {
      const changed = dsaPublicKeyInfo(octets(first), octets(second), octets(third), octets(fourth))
      both({ name: 'sha256', spki: changed, signature: raw, encoding: 'p1363' })
    }
    for (const value of [0n, 1n, q - 1n, q])
      for (const signature of [
        Buffer.concat([octets(value, length), raw.subarray(length)]),
        Buffer.concat([raw.subarray(0, length), octets(value, length)]),
      ])
        expect(both({ name: 'sha256', spki, signature, encoding: 'p1363' })).toBe('false')
  })
})

describe('digests', () => {
  it('agree', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), fc.string(), (a, b, text) => {
        for (const name of DIGESTS)
          expect(Buffer.from(portable.digest(name, a, b))).toEqual(Buffer.from(node.digest(name, a, b)))
        expect(portable.sha256Hex(text)).toBe(node.sha256Hex(text))
        expect(portable.sha256Hex(a)).toBe(node.sha256Hex(a))
        expect(portable.crc32(a)).toBe(node.crc32(a))
      }),
    )
  })
})

describe('decompression', () => {
  const MOST = 5000
  const content = Buffer.from(Array.from({ length: 600 }, (_, at) => `${at % 7} ${at * at}`).join(' '))
  const outcome = (unpack: () => Uint8Array | string): string => {
    try {
      const result = unpack()
      return typeof result === 'string' ? result : Buffer.from(result).toString('hex')
    } catch {
      return 'refused'
    }
  }
  const plain = (side: Pick<typeof node, 'gunzip'>, bytes: Uint8Array): string => {
    const { unpacked, consumed } = side.gunzip(bytes, MOST)
    return `${Buffer.from(unpacked).toString('hex')} of ${consumed}`
  }
  const same = (bytes: Uint8Array): string => {
    const expected = outcome(() => plain(node, bytes))
    expect(
      outcome(() => plain(portable, bytes)),
      Buffer.from(bytes).toString('hex'),
    ).toBe(expected)
    return expected
  }
  const gzips = [
    gzipSync(content),
    gzipSync(content, { level: 0 }),
    gzipSync(content, { strategy: zlib.Z_FIXED }),
    gzipSync(content, { strategy: zlib.Z_HUFFMAN_ONLY }),
    gzipSync(content, { windowBits: 9 }),
    gzipSync(''),
  ]
  const [first = Buffer.alloc(0)] = gzips
  const withFlags = (flags: number, extra: Buffer): Buffer =>
    Buffer.concat([first.subarray(0, 3), Buffer.of(flags), first.subarray(4, 10), extra, first.subarray(10)])

  it('agrees on what zlib writes, on members and on what follows them', () => {
    for (const gzip of gzips) {
      expect(same(gzip)).not.toBe('refused')
      for (const tail of [Buffer.alloc(3), Buffer.from('x'), gzip, gzip.subarray(0, 5), Buffer.of(0x1f), first])
        same(Buffer.concat([gzip, tail]))
      same(Buffer.concat([gzip, Buffer.alloc(2), gzip]))
    }
    const headers = [
      ...[
        withFlags(4, Buffer.from([2, 0, 1, 2])),
        withFlags(8, Buffer.from('name\0')),
        withFlags(16, Buffer.from('c\0')),
      ],
      ...[withFlags(2, Buffer.alloc(2)), withFlags(0x20, Buffer.alloc(0)), withFlags(0xff, Buffer.alloc(9))],
    ]
    for (const gzip of headers) same(gzip)
  })

  it('agrees on how much may come out', () => {
    for (const length of [MOST - 1, MOST, MOST + 1, 4096, 8192, 3 * MOST]) same(gzipSync(Buffer.alloc(length)))
    for (const most of [1, content.length - 1, content.length]) {
      const raw = deflateRawSync(content)
      const expected = outcome(() => node.inflateRaw(raw, most))
      expect(outcome(() => portable.inflateRaw(raw, most))).toBe(expected)
    }
  })

  it('agrees wherever it is cut off or changed', () => {
    for (const gzip of gzips) {
      for (let at = 0; at < gzip.length; at += gzip.length > 1000 ? 41 : 1) {
        same(gzip.subarray(0, at))
        for (const mask of [0x01, 0x10, 0xff]) same(flip(gzip, at, mask))
      }
    }
    const raw = deflateRawSync(content)
    for (let at = 0; at < raw.length; at += 3) {
      for (const bytes of [raw.subarray(0, at), flip(raw, at, 0x04), Buffer.concat([raw, Buffer.of(at)])]) {
        const expected = outcome(() => node.inflateRaw(bytes, MOST))
        expect(outcome(() => portable.inflateRaw(bytes, MOST))).toBe(expected)
      }
    }
  })

  it('agrees on noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (noise) => {
        same(Buffer.concat([first.subarray(0, 10), noise]))
        const expected = outcome(() => node.inflateRaw(noise, MOST))
        expect(outcome(() => portable.inflateRaw(noise, MOST))).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the portable Buffer', () => {
  const TEXTS = ['utf8', 'latin1', 'base64', 'base64url', 'utf16le', 'hex'] as const
  const letters = fc.string({ unit: fc.constantFrom(...'YWJjZ0aF9+/-_= \n\u00e9z'), maxLength: 30 })

  it('reads and writes text as that of Node.js', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.oneof(letters, fc.string({ unit: 'binary' })), (bytes, text) => {
        for (const encoding of TEXTS) {
          expect(Portable.from(bytes).toString(encoding)).toBe(Buffer.from(bytes).toString(encoding))
          expect(Portable.from(bytes).toString(encoding, 3, 9)).toBe(Buffer.from(bytes).toString(encoding, 3, 9))
          expect([...Portable.from(text, encoding)]).toEqual([...Buffer.from(text, encoding)])
        }
        expect(Portable.from(bytes).toString()).toBe(Buffer.from(bytes).toString())
      }),
      { numRuns: 200 },
    )
  })

  it('finds, compares and joins as that of Node.js', () => {
    const some = fc.uint8Array({ minLength: 1, maxLength: 8, max: 3 })
    fc.assert(
      fc.property(some, some, fc.nat(9), (a, b, at) => {
        expect(Portable.compare(a, b)).toBe(Buffer.compare(a, b))
        expect(Portable.from(a).equals(Portable.from(b))).toBe(Buffer.from(a).equals(b))
        expect(Portable.from(a).indexOf(Portable.from(b), at)).toBe(Buffer.from(a).indexOf(b, at))
        expect(Portable.from(a).includes(Portable.from(b))).toBe(Buffer.from(a).includes(Buffer.from(b)))
        expect([...Portable.concat([a, b])]).toEqual([...Buffer.concat([a, b])])
        expect([...Portable.from(a).subarray(at).subarray(1)]).toEqual([...a.subarray(at).subarray(1)])
      }),
    )
  })
})
