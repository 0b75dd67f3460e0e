import { readDer } from '../../../asn1/der.ts'
import { readUnsignedBytes } from '../../../asn1/der-values.ts'
import { sequence, tlv } from '../../../asn1/der-writer.ts'

/** Rewrites an ECDSA signature as a Luna writes it: r and s as INTEGERs of full length, without a leading zero octet. */
export function unsignedFixedLength(signature: Uint8Array, octets: number): Uint8Array {
  const node = readDer(signature)
  return sequence(
    ...node.children.map((number) => {
      const magnitude = readUnsignedBytes(number)
      const full = new Uint8Array(octets)
      full.set(magnitude, octets - magnitude.length)
      return tlv(0x02, full)
    }),
  )
}
