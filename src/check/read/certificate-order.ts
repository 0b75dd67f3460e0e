import { type Certificate, parseCertificate } from '../../asn1/certificate.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { namesIssuer, selfIssued, signedBy } from '../../attestation/certificates/certificate-chain.ts'

/** No chain of any family is longer. */
const LONGEST = 8
/** Whoever wrote the names, the keys decide between two of one name; ECDSA takes up to 3 ms. */
const MAX_SIGNATURES = 12
const ANY = { sha1: true, rsaParametersAbsent: true, ecdsaParametersNull: true } as const

/**
 * The certificates leaf first, each followed by its issuer, where names and keys leave exactly one such order of all of them; undefined
 * where they leave none or several. Only an arrangement: whether the signatures hold is for the verifier to say.
 */
export function onlyOrder(ders: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
  if (ders.length < 2 || ders.length > LONGEST) return undefined
  const certificates = ders.map((der) => ifReadable(() => parseCertificate(der, { explicitCriticalFalse: true })))
  if (!certificates.every((certificate) => certificate !== undefined)) return undefined
  const budget = { signatures: MAX_SIGNATURES }
  const issuers = certificates.map((certificate) => issuerOf(certificate, certificates, budget))
  const leaves = certificates.filter((certificate) => !issuers.includes(certificate))
  const [leaf] = leaves
  if (leaf === undefined || leaves.length > 1) return undefined
  const order: Certificate[] = []
  for (let at: Certificate | undefined = leaf; at !== undefined && !order.includes(at); ) {
    order.push(at)
    at = issuers[certificates.indexOf(at)]
  }
  return order.length === ders.length ? order.map(({ der }) => der) : undefined
}

function issuerOf(
  certificate: Certificate,
  all: readonly Certificate[],
  budget: { signatures: number },
): Certificate | undefined {
  if (selfIssued(certificate)) return undefined
  const named = all.filter((other) => other !== certificate && namesIssuer(certificate, other.subject))
  if (named.length < 2) return named[0]
  const signers = named.filter((other) => budget.signatures-- > 0 && signedBy(certificate, other.spki, ANY))
  return signers.length === 1 ? signers[0] : undefined
}

/** Each once, in the order in which they first come. */
export function withoutDoubles(ders: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(ders.map((der) => [Buffer.from(der).toString('latin1'), der] as const)).values()]
}
