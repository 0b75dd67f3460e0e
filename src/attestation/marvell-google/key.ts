import { sameBytes } from '../../asn1/octets.ts'
import { ecPublicKeyInfo, rsaPublicKeyInfo } from '../../asn1/public-key-writer.ts'
import { digest } from '../../primitives/primitives.ts'
import { ATTRIBUTE, CURVE_BY_NID, KEY_TYPE } from './attributes.ts'
import { type MarvellObject, numberOf } from './statement.ts'

/**
 * The attested SubjectPublicKeyInfo, from the numbers in the statement; undefined where they are no RSA key and no point on a known
 * curve.
 */
export function publicKeyInfoOf(object: MarvellObject): Uint8Array | undefined {
  const modulus = object.attributes.get(ATTRIBUTE.modulus)
  if (modulus === undefined) return undefined
  switch (numberOf(object, ATTRIBUTE.keyType)) {
    case KEY_TYPE.rsa: {
      const exponent = object.attributes.get(ATTRIBUTE.publicExponent)
      const bits = numberOf(object, ATTRIBUTE.modulusBits)
      if (exponent === undefined || bits !== modulus.length * 8 || (modulus[0] ?? 0) < 0x80) return undefined
      return rsaPublicKeyInfo(modulus, exponent)
    }
    case KEY_TYPE.ec: {
      const curve = CURVE_BY_NID[numberOf(object, ATTRIBUTE.modulusBits) ?? 0]
      if (curve === undefined || modulus[0] !== 4 || modulus.length !== 1 + 2 * curve.octets) return undefined
      return ecPublicKeyInfo(curve.oid, modulus)
    }
    default:
      return undefined
  }
}

/** Do the check values (EKCV: SHA-256, KCV: first three bytes of SHA-1) of the object belong to this key? */
export function checkValuesFit(object: MarvellObject, spki: Uint8Array): boolean {
  const ekcv = object.attributes.get(ATTRIBUTE.ekcv)
  const kcv = object.attributes.get(ATTRIBUTE.kcv)
  return (
    ekcv !== undefined &&
    kcv !== undefined &&
    sameBytes(ekcv, digest('sha256', spki)) &&
    sameBytes(kcv, digest('sha1', spki).subarray(0, 3))
  )
}

/** The two SHA-256 (hex) of the ID attribute; undefined where it is not 128 hex characters. */
export function keyIdOf(
  object: MarvellObject,
): { readonly first: string; readonly versionNameSha256: string } | undefined {
  const text = Buffer.from(object.attributes.get(ATTRIBUTE.id) ?? []).toString('latin1')
  return /^[0-9a-f]{128}$/i.test(text)
    ? { first: text.slice(0, 64).toLowerCase(), versionNameSha256: text.slice(64).toLowerCase() }
    : undefined
}
