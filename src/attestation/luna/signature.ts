/**
 * The one place where a Luna leaves DER inside a signature: in the EC leaf the module writes r and s as INTEGERs of the full
 * length of the group order, unsigned and without a leading zero octet, so that one with its top bit set reads as negative
 * (Thales's own sample ecc-pkc.p7b). Both that form and plain DER are read; everything else is refused.
 */

/** Returns r || s, each `octets` long, or undefined. `octets` is the length of the group order of the issuer's curve, at most 66. */
export function readLunaSignature(signature: Uint8Array, octets: number): Uint8Array | undefined {
  const numbers = readNumbers(signature)
  if (numbers === undefined) return undefined
  const out = new Uint8Array(2 * octets)
  return place(numbers[0], out.subarray(0, octets)) && place(numbers[1], out.subarray(octets)) ? out : undefined
}

/** The octets of r and s as they are encoded, whatever their length; undefined if the signature is not a SEQUENCE of two INTEGERs. */
export function readNumbers(signature: Uint8Array): readonly [r: Uint8Array, s: Uint8Array] | undefined {
  const content = readTlv(signature, 0, 0x30)
  if (content === undefined || content.end !== signature.length) return undefined
  const r = readTlv(signature, content.start, 0x02)
  const s = r === undefined ? undefined : readTlv(signature, r.end, 0x02)
  if (r === undefined || s === undefined || s.end !== signature.length) return undefined
  return [signature.subarray(r.start, r.end), signature.subarray(s.start, s.end)]
}

/** One value with a tag and a length below 256 in its shortest form. */
function readTlv(
  bytes: Uint8Array,
  at: number,
  tag: number,
): { readonly start: number; readonly end: number } | undefined {
  const first = bytes[at + 1]
  if (bytes[at] !== tag || first === undefined) return undefined
  const long = first === 0x81
  const length = long ? bytes[at + 2] : first
  if (length === undefined || (long ? length < 0x80 : length >= 0x80)) return undefined
  const start = at + (long ? 3 : 2)
  return start + length <= bytes.length ? { start, end: start + length } : undefined
}

/** Puts one number right-aligned into `out`: full length and unsigned, or a positive INTEGER in DER. Zero is no r and no s. */
function place(number: Uint8Array, out: Uint8Array): boolean {
  const fullLength = number.length === out.length
  const [first = 0, second = 0] = number
  const minimal = first < 0x80 && (first !== 0 || (number.length > 1 && second >= 0x80))
  if (!fullLength && !minimal) return false
  const magnitude = !fullLength && first === 0 ? number.subarray(1) : number
  if (magnitude.length > out.length || magnitude.every((byte) => byte === 0)) return false
  out.set(magnitude, out.length - magnitude.length)
  return true
}
