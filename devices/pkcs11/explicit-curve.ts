/**
 * A curve given by its numbers in place of its name (ECParameters of X9.62 and SEC 1, C.2): libykcs11 2.2 gives it so for keys that
 * cannot be attested. Read as one of ours only if every number is the curve's own: other numbers can be another curve with the same
 * point on it.
 */
interface CurveNumbers {
  readonly p: string
  readonly a: string
  readonly b: string
  readonly seed: string
  /** The base point, x and y. */
  readonly x: string
  readonly y: string
  readonly order: string
}

/** NIST SP 800-186, 3.2.1.3 and 3.2.1.4. */
const NUMBERS: Readonly<Record<'P-256' | 'P-384', CurveNumbers>> = {
  'P-256': {
    p: 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
    a: 'ffffffff00000001000000000000000000000000fffffffffffffffffffffffc',
    b: '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b',
    seed: 'c49d360886e704936a6678e1139d26b7819f7e90',
    x: '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296',
    y: '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    order: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  },
  'P-384': {
    p: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff',
    a: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc',
    b: 'b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
    seed: 'a335926aa319a27a1d00896a6773a4827acdac73',
    x: 'aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7',
    y: '3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f',
    order: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  },
}

const TAG = { integer: '02', bits: '03', octets: '04', sequence: '30' } as const
/** 1.2.840.10045.1.1, prime-field. */
const PRIME_FIELD = '06072a8648ce3d0101'

/** Hex in, hex out; lengths below 64 KiB. */
function der(tag: string, ...parts: readonly string[]): string {
  const content = parts.join('')
  const length = content.length / 2
  const hex = length.toString(16).padStart(length < 0x100 ? 2 : 4, '0')
  return `${tag}${length < 0x80 ? '' : length < 0x100 ? '81' : '82'}${hex}${content}`
}

const positive = (number: string): string => der(TAG.integer, /^[89a-f]/.test(number) ? `00${number}` : number)
const isOdd = (number: string): boolean => /[13579bdf]$/.test(number)

/** Every encoding of the curve's numbers: with and without seed and cofactor, the base point in either form. */
function encodings({ p, a, b, seed, x, y, order }: CurveNumbers): readonly string[] {
  const bases = [`04${x}${y}`, `${isOdd(y) ? '03' : '02'}${x}`]
  return bases.flatMap((base) =>
    [der(TAG.bits, '00', seed), ''].flatMap((seeded) =>
      [positive('01'), ''].map((cofactor) =>
        der(
          TAG.sequence,
          positive('01'),
          der(TAG.sequence, PRIME_FIELD, positive(p)),
          der(TAG.sequence, der(TAG.octets, a), der(TAG.octets, b), seeded),
          der(TAG.octets, base),
          positive(order),
          cofactor,
        ),
      ),
    ),
  )
}

/** The curve whose numbers these are, all of them. */
export function curveOfNumbers(params: Uint8Array): 'P-256' | 'P-384' | undefined {
  const given = Buffer.from(params).toString('hex')
  for (const name of ['P-256', 'P-384'] as const) if (encodings(NUMBERS[name]).includes(given)) return name
  return undefined
}
