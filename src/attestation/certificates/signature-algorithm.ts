import type { AlgorithmIdentifier } from '../../asn1/certificate.ts'

export type SignatureHash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** How a signature is to be verified. Never taken from a signature, only from a table or from a family's own format. */
export interface SignatureScheme {
  /** `rsa` is RSASSA-PKCS1-v1_5; the key must be of the same kind. */
  readonly key: 'rsa' | 'ec' | 'dsa'
  readonly hash: SignatureHash
  /** ECDSA and DSA: `der` is SEQUENCE { r, s }; `p1363` is r || s, each as long as the group order. */
  readonly encoding?: 'der' | 'p1363'
}

type Parameters = 'null' | 'absent'

/** AlgorithmIdentifiers of certificates: RFC 4055 section 5 (RSA, parameters NULL), RFC 5758 section 3.2 (ECDSA, absent). */
const ALGORITHMS: Readonly<Record<string, SignatureScheme & { readonly parameters: Parameters }>> = {
  '1.2.840.113549.1.1.5': { key: 'rsa', hash: 'sha1', parameters: 'null' },
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256', parameters: 'null' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384', parameters: 'null' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512', parameters: 'null' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256', encoding: 'der', parameters: 'absent' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384', encoding: 'der', parameters: 'absent' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512', encoding: 'der', parameters: 'absent' },
}

/** Named ways in which genuine evidence leaves the rules. A family names those its vendor needs; nothing else bends. */
export interface AlgorithmDeviations {
  /** SHA-1 with RSA. */
  readonly sha1?: boolean
  /** RSA without NULL parameters: one YubiKey 5.7.4 F9 certificate; RFC 4055 section 5 says "MUST accept". */
  readonly rsaParametersAbsent?: boolean
  /** ECDSA with NULL parameters: the certificates of the Luna EC chain. */
  readonly ecdsaParametersNull?: boolean
}

/** The scheme an AlgorithmIdentifier names, or undefined where it is unknown, or its parameters are not what they must be. */
export function signatureScheme(
  algorithm: AlgorithmIdentifier,
  deviations: AlgorithmDeviations = {},
): SignatureScheme | undefined {
  const entry = ALGORITHMS[algorithm.oid]
  if (entry === undefined || (entry.hash === 'sha1' && deviations.sha1 !== true)) return undefined
  const parameters = algorithm.parameters
  const isNull = parameters !== undefined && parameters.length === 2 && parameters[0] === 0x05 && parameters[1] === 0
  const fits = entry.parameters === 'null' ? isNull : parameters === undefined
  const bends =
    (entry.key === 'rsa' && parameters === undefined && deviations.rsaParametersAbsent === true) ||
    (entry.key === 'ec' && isNull && deviations.ecdsaParametersNull === true)
  return fits || bends ? entry : undefined
}
