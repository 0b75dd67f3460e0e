/**
 * The attestation object of ACME's challenge device-attest-01 in the format `step`, as step-ca takes it of a YubiKey: the certificates
 * of the attestation, and the key authorization signed by the attested key. Sources: draft-ietf-acme-device-attest-09; WebAuthn 6.5;
 * step-ca 0.30.2 and step-kms-plugin, with which it was tried.
 */
import { X509Certificate } from 'node:crypto'
import { encode } from 'cborg'
import type { HashName } from '../../devices/device.ts'
import { type Certificate, parseCertificate } from '../asn1/certificate.ts'
import { ifReadable } from '../asn1/der-error.ts'
import { sameBytes } from '../asn1/octets.ts'
import { readPem } from '../asn1/pem.ts'
import { describePublicKey, parsePublicKey } from '../asn1/public-key.ts'
import { EnrollError } from '../errors.ts'

/** COSE numbers of the signature algorithms, all over SHA-256 (IANA COSE Algorithms). */
const ALGORITHMS = { EC: -7, RSA: -257 } as const

/** The attested key: it signs what the CA has chosen. */
export interface AttestedSigner {
  readonly publicKey: Uint8Array
  sign(hash: HashName, data: Uint8Array): Promise<Uint8Array>
}

/** Throws EnrollError `acme.key-type` for a key that no server of this challenge is known to take: before anything is signed or sent. */
export function attestationAlgorithm(spki: Uint8Array): number {
  const key = parsePublicKey(spki)
  if (key.type === 'RSA') return ALGORITHMS.RSA
  if (key.type === 'EC' && key.curve === 'P-256') return ALGORITHMS.EC
  throw unfitKey(describePublicKey(key))
}

/** step-ca 0.30.2 closes the connection on a P-384 key, without an answer. */
export const unfitKey = (key: string): EnrollError =>
  new EnrollError(
    'acme.key-type',
    `Could not use a ${key} key with ACME device-attest-01: step-ca takes P-256 and RSA, and gives no answer to others.`,
    { remedy: 'Set key.algorithm to P-256 or RSA-2048.' },
  )

/**
 * The attestation object, in CBOR. The device signs `data`; its signature stands in CBOR inside the byte string (WebAuthn's advice, which
 * step-ca follows). `authData` is left out, as the draft asks. Throws EnrollError `acme.key-type`; DeviceError from `sign`.
 */
export async function attestationObject(
  x5c: readonly Uint8Array[],
  signer: AttestedSigner,
  data: Uint8Array,
): Promise<Uint8Array> {
  const alg = attestationAlgorithm(signer.publicKey)
  const signature = await signer.sign('SHA-256', data)
  return encode({ fmt: 'step', attStmt: { alg, x5c: x5c.map(plain), sig: encode(plain(signature)) } })
}

/** The same without a signature: the certificates alone, for whoever keeps or judges evidence; it answers no challenge. */
export const bareObject = (x5c: readonly Uint8Array[]): Uint8Array =>
  encode({ fmt: 'step', attStmt: { x5c: x5c.map(plain) } })

/** cborg writes a Buffer as what it is, and a view of a larger one whole. */
const plain = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)

/**
 * The certificates of a YubiKey's package, the attestation first, with those of `available` appended that lead on from the last: a
 * YubiKey of firmware 5.7.4 and later does not carry them, and the server has the root alone. Throws EnrollError `acme.evidence`.
 */
export function attestationChain(package_: Uint8Array, available: readonly Uint8Array[]): readonly Uint8Array[] {
  const own = readPem(Buffer.from(package_).toString('latin1')).map(({ der }) => der)
  const last = own.at(-1)
  if (last === undefined || own.length < 2) {
    throw new EnrollError('acme.evidence', 'Could not use the attestation: it is not two certificates.', {
      remedy: 'Use a YubiKey: no other device attests in the format "step".',
    })
  }
  const chain = [...own]
  for (let at = parseCertificate(last); ; ) {
    const issuer = available
      .map((der) => ifReadable(() => parseCertificate(der)))
      .find((candidate) => candidate !== undefined && isIssuer(at, candidate))
    if (issuer === undefined || isSelfIssued(issuer) || chain.some((der) => sameBytes(der, issuer.der))) return chain
    chain.push(issuer.der)
    at = issuer
  }
}

const isSelfIssued = ({ subject, issuer }: Certificate): boolean => sameBytes(subject, issuer)

function isIssuer(certificate: Certificate, candidate: Certificate): boolean {
  if (!sameBytes(certificate.issuer, candidate.subject)) return false
  try {
    return new X509Certificate(certificate.der).verify(new X509Certificate(candidate.der).publicKey)
  } catch {
    return false
  }
}
