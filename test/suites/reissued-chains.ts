/** Genuine-looking evidence of each family whose chain is signed anew from a root of our own, so that one issuer in it can be bent. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Certificate, parseCertificate } from '../../src/asn1/certificate.ts'
import { bitString, octetString, oid, sequence, tlv } from '../../src/asn1/der-writer.ts'
import { rsaPublicKeyInfo } from '../../src/asn1/public-key-writer.ts'
import { evidenceCertificates } from '../../src/check/evidence-certificates.ts'
import { readUserTrustAnchors } from '../../src/check/read/trust-anchors-input.ts'
import type { HsmType } from '../../src/hsm-type.ts'
import {
  type CertificateExtension,
  type CertificateTemplate,
  issueCertificate,
} from '../../src/sandbox/certificate-issuer.ts'
import { certsOnly } from '../../src/sandbox/luna/evidence/issuer.ts'
import { createMarvellGoogleEvidenceIssuer, pemOf } from '../../src/sandbox/marvell-google/evidence/issuer.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import { type TestKeyPair, testKeyPair } from '../../src/sandbox/test-key-pair.ts'

/** What is done to one issuer. */
export interface Bend {
  /** Adds to its extensions, or replaces those of the same OID. */
  readonly extensions?: (certificate: Certificate, below: number) => readonly CertificateExtension[]
  readonly without?: string
  readonly key?: IssuerKey
}

/** A key that signs; `exponent 1` is no key at all, since anybody can sign with it. */
export interface IssuerKey {
  readonly spki: Uint8Array
  readonly issue: (template: Omit<CertificateTemplate, 'issuerKey'>) => Uint8Array
}

export const plainKey = ({ spki, privateKey }: TestKeyPair): IssuerKey => ({
  spki,
  issue: (template) => issueCertificate({ ...template, issuerKey: privateKey }),
})

/** RSA of any size and exponent that OpenSSL makes. */
export function rsaKey(modulusLength: number, publicExponent = 65537): IssuerKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return plainKey({ privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) })
}

/** RSA whose signatures have an AlgorithmIdentifier without NULL (RFC 4055 section 5), as Yubico's B2 intermediates do. */
export function withoutNull(): IssuerKey {
  const { spki, privateKey } = testKeyPair('RSA-2048')
  return {
    spki,
    issue: (template) => issueCertificate({ ...template, issuerKey: privateKey, oddAlgorithmParameters: true }),
  }
}

const SHA256_PREFIX = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const RSA_SHA256 = sequence(oid('1.2.840.113549.1.1.11'), tlv(0x05))

/** RSA with the public exponent 1: the signature is the padded digest itself (RFC 8017 9.2), and needs no private key. */
export function exponentOne(): IssuerKey {
  const donor = testKeyPair('RSA-2048')
  const modulus = Buffer.alloc(256, 0xff)
  return {
    spki: rsaPublicKeyInfo(modulus, Uint8Array.of(1)),
    issue: (template) => {
      const { tbs } = parseCertificate(issueCertificate({ ...template, issuerKey: donor.privateKey }))
      const digest = Buffer.concat([SHA256_PREFIX, createHash('sha256').update(tbs).digest()])
      const padded = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(253 - digest.length, 0xff), Buffer.of(0), digest])
      return sequence(tbs, RSA_SHA256, bitString(padded))
    },
  }
}

const extensionsOf = ({ extensions }: Certificate): readonly CertificateExtension[] => [...extensions.values()]

function bent(certificate: Certificate, below: number, bend: Bend): readonly CertificateExtension[] {
  const added = bend.extensions?.(certificate, below) ?? []
  const gone = [bend.without, ...added.map((extension) => extension.oid)]
  return [...extensionsOf(certificate).filter((extension) => !gone.includes(extension.oid)), ...added]
}

const keyId = (spki: Uint8Array): Uint8Array => createHash('sha1').update(spki).digest()

/** Key identifiers as Fortanix has them, where the certificate had some. */
function identified(
  extensions: readonly CertificateExtension[],
  own: Uint8Array,
  issuer: Uint8Array,
): readonly CertificateExtension[] {
  return extensions.map((extension) => {
    if (extension.oid === '2.5.29.14') return { ...extension, value: octetString(keyId(own)) }
    return extension.oid === '2.5.29.35' ? { ...extension, value: sequence(tlv(0x80, keyId(issuer))) } : extension
  })
}

/**
 * The chain (leaf first, without root) signed anew from a fresh root; the certificate at `at` (from 1) is bent. Returns the certificates
 * and the root's, self-signed.
 */
export function reissue(
  chain: readonly Certificate[],
  makeKey: () => IssuerKey,
  at: number,
  bend: Bend,
  rootKey: IssuerKey = makeKey(),
): { readonly certificates: readonly Uint8Array[]; readonly root: Uint8Array } {
  const keys = chain.map((_, index) => (index === at && bend.key !== undefined ? bend.key : makeKey()))
  const top = chain.at(-1)
  if (top === undefined) throw new Error('a chain has a leaf')
  const dates = { notBefore: new Date('2016-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') }
  const certificates = chain.map((certificate, index) => {
    const issuer = keys[index + 1] ?? rootKey
    const own = index === 0 ? certificate.spki : (keys[index]?.spki ?? certificate.spki)
    const extensions = index === at ? bent(certificate, index - 1, bend) : extensionsOf(certificate)
    return issuer.issue({
      subject: certificate.subject,
      issuer: certificate.issuer,
      spki: own,
      notBefore: new Date(certificate.notBefore),
      notAfter: new Date(certificate.notAfter),
      extensions: identified(extensions, own, issuer.spki),
    })
  })
  const root = rootKey.issue({ subject: top.issuer, issuer: top.issuer, spki: rootKey.spki, ...dates })
  return { certificates, root }
}

/** What a verifier is given. */
export interface Reissued extends Pick<SyntheticEvidence, 'hsmType' | 'package' | 'trustAnchors'> {
  readonly certChains?: Uint8Array
}

/** One issuer in the chain of one family. */
export interface BentPlace {
  readonly name: string
  readonly hsmType: HsmType
  /** The check that says so. */
  readonly check: string
  /** Issuers between it and the leaf. */
  readonly below: number
  /** Genuine certificates of this place have no basicConstraints. */
  readonly mayLackConstraints?: boolean
  readonly make: (bend: Bend, rootKey?: IssuerKey) => Reissued
}

type Pack = (certificates: readonly Uint8Array[]) => Uint8Array

function placeIn(
  hsmType: HsmType,
  chain: readonly Certificate[],
  at: number,
  pack: Pack,
  makeKey: () => IssuerKey,
): BentPlace['make'] {
  return (bend, rootKey) => {
    const { certificates, root } = reissue(chain, makeKey, at, bend, rootKey)
    return { hsmType, package: pack(certificates), trustAnchors: readUserTrustAnchors(Buffer.from(root), [hsmType]) }
  }
}

/** The certificates of synthetic evidence, without those that signed themselves. */
const chainOf = ({ hsmType, package: package_ }: SyntheticEvidence): readonly Certificate[] =>
  evidenceCertificates(hsmType, package_).filter(({ issuer, subject }) => Buffer.compare(issuer, subject) !== 0)

const quick = (): IssuerKey => plainKey(testKeyPair('P-256'))

/** Evidence made of one chain: a place for each issuer in it. `names` from the leaf's issuer upwards. */
export function placesIn(
  evidence: SyntheticEvidence,
  places: readonly (Pick<BentPlace, 'name' | 'check'> & { readonly mayLackConstraints?: boolean })[],
): readonly BentPlace[] {
  const chain = chainOf(evidence)
  if (chain.length !== places.length + 1) throw new Error(`${evidence.name} has ${chain.length} certificates`)
  const { hsmType } = evidence
  const pack: Pack = hsmType === 'LUNA' ? certsOnly : pemOf
  return places.map((place, index) => ({
    ...place,
    hsmType,
    below: index,
    make: placeIn(hsmType, chain, index + 1, pack, quick),
  }))
}

/** Fortanix's authority is no CA and has rules of its own; the CA above it is under the common one. */
export function fortanixPlace({ package: package_ }: SyntheticEvidence): BentPlace {
  const reply = JSON.parse(Buffer.from(package_).toString()) as {
    readonly attestation_statement: { readonly statement: string }
    readonly authority_chain: readonly string[]
  }
  const ders = [reply.attestation_statement.statement, ...reply.authority_chain.slice(0, 2)]
  const chain = ders.map((text) => parseCertificate(Buffer.from(text, 'base64')))
  const pack: Pack = ([statement, ...above]) => {
    const base64 = (der?: Uint8Array) => Buffer.from(der ?? []).toString('base64')
    const attestation_statement = { ...reply.attestation_statement, statement: base64(statement) }
    return Buffer.from(JSON.stringify({ ...reply, attestation_statement, authority_chain: above.map(base64) }))
  }
  // Keys of 3072 bits take long to make; what matters is that neighbours differ.
  const keys = Array.from({ length: 4 }, () => plainKey(testKeyPair('RSA-3072')))
  let taken = 0
  const make = placeIn('FORTANIX', chain, 2, pack, () => keys[taken++ % 4] ?? quick())
  return { name: 'the CA above the authority', hsmType: 'FORTANIX', check: 'attestation.authority', below: 1, make }
}

const MARVELL_NAMES = ['card', 'partition', 'ownerCard', 'ownerPartition'] as const
export type MarvellName = (typeof MARVELL_NAMES)[number]

const issuer = createMarvellGoogleEvidenceIssuer()
const partition = testKeyPair('RSA-2048')
const ownCardKey = plainKey(testKeyPair('RSA-2048'))

/** Statement and both chains, of which one certificate is bent. */
export function marvellWith(name: MarvellName, spki: Uint8Array, bend: Bend): Reissued {
  const { manufacturer, owner } = issuer.roots
  const cardKey = (name === 'card' ? bend.key : undefined) ?? ownCardKey
  const reissued = MARVELL_NAMES.map((each) => {
    const old = parseCertificate(issuer.certificates[each])
    const signer = each === 'partition' ? cardKey : plainKey((each === 'card' ? manufacturer : owner).key)
    return signer.issue({
      subject: old.subject,
      issuer: old.issuer,
      spki: each === 'card' || each === 'ownerCard' ? cardKey.spki : partition.spki,
      notBefore: new Date(old.notBefore),
      notAfter: new Date(old.notAfter),
      extensions: each === name ? bent(old, 0, bend) : extensionsOf(old),
    })
  })
  const statement = gunzipSync(issuer.attest({ spki, versionName: 'a/version' }).content)
  const signed = statement.subarray(0, statement.length - 256)
  return {
    hsmType: 'MARVELL_GOOGLE',
    package: gzipSync(Buffer.concat([signed, sign('sha256', signed, partition.privateKey)])),
    certChains: pemOf(reissued),
    trustAnchors: issuer.trustAnchors,
  }
}
