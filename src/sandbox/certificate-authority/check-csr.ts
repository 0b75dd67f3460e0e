import { createHash, createPublicKey, verify } from 'node:crypto'
import { isIP } from 'node:net'
import { readDer } from '../../asn1/der.ts'
import { type Name, nameValues, parseName } from '../../asn1/name.ts'
import { readPem } from '../../asn1/pem.ts'
import { type PublicKey, parsePublicKey } from '../../asn1/public-key.ts'
import { type CertificationRequest, parseCertificationRequest } from '../../csr/certification-request.ts'
import { requestFormFaults } from '../../csr/request-form.ts'
import { EnrollError } from '../../errors.ts'
import { Refused } from './refusal.ts'

export interface CsrRules {
  /** RSA modulus bits. */
  readonly minimumRsa: number
  /** Document signing: the Common Name is a person or an organization (-18, -19, -35, -5). */
  readonly commonName: 'person' | 'any'
  /** SHA-256 of SPKIs that are "believed to have been compromised". */
  readonly compromisedKeys: ReadonlySet<string>
}

/** The eleven algorithms of the 3.44 manual, section 1, csr. */
const SIGNATURES: Readonly<Record<string, { readonly key: string; readonly hash: string }>> = {
  '1.2.840.113549.1.1.4': { key: 'rsa', hash: 'md5' },
  '1.2.840.113549.1.1.5': { key: 'rsa', hash: 'sha1' },
  '1.2.840.113549.1.1.14': { key: 'rsa', hash: 'sha224' },
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.1': { key: 'ec', hash: 'sha1' },
  '1.2.840.10045.4.3.1': { key: 'ec', hash: 'sha224' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
}

export interface CheckedCsr {
  readonly subject: Name
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
}

/** Throws Refused with the documents' CSR errors, in the order in which they can be found out. */
export function checkCsr(text: string, rules: CsrRules): CheckedCsr {
  const request = decode(fromBase64(text))
  const subject = readSubject(request)
  const key = readKey(request)
  const algorithm = SIGNATURES[request.signatureAlgorithm.oid]
  if (algorithm === undefined || key.type === 'other') throw new Refused(-11, 'The CSR uses an unsupported algorithm!')
  if (key.type === 'EC' && key.curve !== 'P-256' && key.curve !== 'P-384') throw badSize()
  if (key.type === 'RSA' && (key.bits < rules.minimumRsa || key.bits > 8192)) throw badSize()
  if (!proves(request, algorithm)) throw new Refused(-12, 'The CSR has an invalid signature!')
  if (rules.compromisedKeys.has(createHash('sha256').update(request.spki).digest('hex'))) {
    throw new Refused(-40, 'The CSR uses a key that is believed to have been compromised!')
  }
  if (rules.commonName === 'person') {
    checkCommonName(nameValues(subject, 'CN')[0] ?? '')
    if (namesDomains(request)) {
      throw new Refused(-162, 'CSR must not contain domain names that are not in the domainNames parameter!')
    }
  }
  return { subject, spki: request.spki }
}

/** A dNSName [2] in subjectAltName. */
const namesDomains = (request: CertificationRequest): boolean => {
  const names = request.extensions.get('2.5.29.17')
  return (
    names !== undefined &&
    readOr(-10, 'The CSR cannot be decoded!', () => readDer(names.value)).children.some(({ tag }) => tag === 0x82)
  )
}

const badSize = (): Refused => new Refused(-13, 'The CSR uses an unsupported key size!')

function fromBase64(text: string): Uint8Array {
  try {
    const block = text.includes('-----') ? readPem(text)[0]?.der : undefined
    if (block !== undefined) return block
    const base64 = text.replace(/\s/g, '')
    if (base64.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return Buffer.from(base64, 'base64')
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
  }
  throw new Refused(-9, 'The CSR is not valid Base-64 data!')
}

function readOr<T>(code: number, message: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof EnrollError) throw new Refused(code, message)
    throw error
  }
}

/** As strict as the strictest of the parsers that a CA may have: a rehearsal must not pass what an order may not. */
function decode(der: Uint8Array): CertificationRequest {
  const request = readOr(-10, 'The CSR cannot be decoded!', () => parseCertificationRequest(der))
  if (requestFormFaults(request).length > 0) throw new Refused(-10, 'The CSR cannot be decoded!')
  return request
}
const readSubject = (request: CertificationRequest): Name =>
  readOr(-10, 'The CSR cannot be decoded!', () => parseName(request.subject))
const readKey = (request: CertificationRequest): PublicKey =>
  readOr(-11, 'The CSR uses an unsupported algorithm!', () => parsePublicKey(request.spki))

function proves(request: CertificationRequest, algorithm: { readonly key: string; readonly hash: string }): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(request.spki), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === algorithm.key && verify(algorithm.hash, request.info, key, request.signature)
  } catch {
    // node:crypto throws where the key is no valid key: then it proves nothing.
    return false
  }
}

function checkCommonName(name: string): void {
  if (name.includes('*')) throw new Refused(-5, "The CSR's Common Name may NOT contain a wildcard!")
  if (isIP(name) !== 0) {
    throw isPublicIp(name)
      ? new Refused(-19, "The CSR's Common Name may not be an Internet-accessible IP Address!")
      : new Refused(-35, "The CSR's Common Name may not be an IP Address!")
  }
  if (/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i.test(name)) {
    throw new Refused(-18, "The CSR's Common Name may not be a Fully-Qualified Domain Name!")
  }
}

const isPublicIp = (address: string): boolean =>
  isIP(address) === 4
    ? !/^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address)
    : !/^(::1$|f[cde])/i.test(address)
