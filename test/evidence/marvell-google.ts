/** Cloud KMS attestations in every shape the reference names, good and bad, under test roots. */
import { generateKeyPairSync } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  createMarvellGoogleEvidenceIssuer,
  type MarvellGoogleAttestRequest,
  type MarvellGoogleEvidenceIssuer,
  pemOf,
} from '../../src/sandbox/marvell-google/evidence/issuer.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import { type TestKeyPair, testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'

const VERSION = 'projects/test/locations/europe-west4/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1'

/** Makes the whole list anew: two cards under one pair of roots, a third under others; about two seconds. */
export function syntheticEvidence(): readonly SyntheticEvidence[] {
  const card = createMarvellGoogleEvidenceIssuer()
  const second = createMarvellGoogleEvidenceIssuer({ roots: card.roots, cardSerial: '5.3G0000-ICM000001' })
  const stranger = createMarvellGoogleEvidenceIssuer()
  const key = testKeyPair('P-256')
  return [
    ...goodShapes(card, key),
    ...badKeys(card, key),
    ...badStatements(card, key),
    ...badChains(card, second, stranger, key),
    ...badRoots(card, stranger, key),
  ]
}

type Shape = Omit<SyntheticEvidence, 'hsmType' | 'trustAnchors'>

const under = (trustAnchors: readonly TrustAnchor[], shapes: readonly Shape[]): readonly SyntheticEvidence[] =>
  shapes.map((shape) => ({ ...shape, hsmType: 'MARVELL_GOOGLE', trustAnchors }))

function goodShapes(card: MarvellGoogleEvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
  const keys: readonly (readonly [string, Uint8Array])[] = [
    ['P-256', key.spki],
    ['P-384', testKeyPair('P-384').spki],
    ['secp256k1', secp256k1.export({ type: 'spki', format: 'der' })],
    ['RSA-2048', testKeyPair('RSA-2048').spki],
    ['RSA-3072', testKeyPair('RSA-3072').spki],
  ]
  const { content, certChainsPem } = card.attest({ spki: key.spki, versionName: VERSION })
  const all = Object.values(card.certificates)
  const rootCertificates = [card.roots.manufacturer.certificate, card.roots.owner.certificate].filter(
    (one) => one !== undefined,
  )
  const large = createMarvellGoogleEvidenceIssuer({ roots: card.roots, partitionKeyType: 'RSA-3072' })
  const largeEvidence = large.attest({ spki: key.spki, versionName: VERSION })
  const good = (name: string, package_: Uint8Array, certChains: Uint8Array): Shape => ({
    name,
    package: package_,
    certChains,
    expect: 'genuine',
  })
  return under(card.trustAnchors, [
    ...keys.map(([name, spki]) => good(name, card.attest({ spki, versionName: VERSION }).content, certChainsPem)),
    good('certificates in another order', content, pemOf([...all].reverse())),
    good('certificates as DER', content, Buffer.concat(all)),
    good('roots came along', content, pemOf([...rootCertificates, ...all])),
    good('a certificate twice', content, pemOf([...all, card.certificates.card])),
    good('partition key of 3072 bits', largeEvidence.content, largeEvidence.certChainsPem),
  ])
}

function badKeys(card: MarvellGoogleEvidenceIssuer, { spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const bad = (name: string, check: string, change: Partial<MarvellGoogleAttestRequest>): Shape => {
    const { content, certChainsPem } = card.attest({ spki, versionName: VERSION, ...change })
    return { name, package: content, certChains: certChainsPem, expect: 'refuse', failedCheck: `attestation.${check}` }
  }
  const set = (attribute: number, value?: number): Partial<MarvellGoogleAttestRequest> => ({
    attributes: { [attribute]: value === undefined ? undefined : Buffer.of(value) },
  })
  return under(card.trustAnchors, [
    bad('imported', 'key-pair', { shape: 'imported' }),
    bad('AES', 'key-pair', { shape: 'aes' }),
    bad('extractable', 'not-extractable', set(0x162, 1)),
    bad('once extractable', 'never-extractable', set(0x164, 0)),
    bad('not local', 'local', set(0x163, 0)),
    bad('LOCAL missing', 'local', set(0x163)),
    bad('EXTRACTABLE missing', 'not-extractable', set(0x162)),
    bad('not sensitive', 'sensitive', set(0x103, 0)),
    bad('not always sensitive', 'always-sensitive', set(0x165, 0)),
    bad('may not sign', 'sign', set(0x108, 0)),
    bad('splittable', 'not-splittable', set(0x80000002, 1)),
    bad('split', 'not-split', set(0x80000003, 1)),
    bad('check values of another key', 'key-check-value', { checkValueSpki: testKeyPair('P-256').spki }),
    bad('unknown curve', 'key-check-value', { attributes: { 289: Buffer.of(0, 0, 0, 1) } }),
    bad('no name of the key version', 'version-name', { attributes: { 258: undefined } }),
  ])
}

function badStatements(card: MarvellGoogleEvidenceIssuer, { spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const { content, certChainsPem } = card.attest({ spki, versionName: VERSION })
  const old = card.attest({ spki, versionName: VERSION, version1: true })
  const plain = gunzipSync(content)
  const bad = (name: string, check: string, package_: Uint8Array): Shape => ({
    name,
    package: package_,
    certChains: certChainsPem,
    expect: 'refuse',
    failedCheck: `attestation.${check}`,
  })
  const changed = (at: number): Uint8Array => {
    const copy = Buffer.from(plain)
    copy[at] = (copy[at] ?? 0) ^ 1
    return gzipSync(copy)
  }
  return under(card.trustAnchors, [
    bad('V1', 'format', old.content),
    bad('cut off', 'format', gzipSync(plain.subarray(0, -1))),
    bad('grown', 'format', gzipSync(Buffer.concat([plain, Buffer.of(0)]))),
    bad('a byte of the signature changed', 'signature', changed(plain.length - 100)),
    bad('a byte of the label changed', 'signature', changed(plain.indexOf('app_key') + 40)),
  ])
}

function badChains(
  card: MarvellGoogleEvidenceIssuer,
  second: MarvellGoogleEvidenceIssuer,
  stranger: MarvellGoogleEvidenceIssuer,
  { spki }: TestKeyPair,
): readonly SyntheticEvidence[] {
  const { content } = card.attest({ spki, versionName: VERSION })
  const mine = card.certificates
  const theirs = second.certificates
  const bad = (name: string, check: string, certificates: readonly Uint8Array[]): Shape => ({
    name,
    package: content,
    ...(certificates.length === 0 ? {} : { certChains: pemOf(certificates) }),
    expect: 'refuse',
    failedCheck: `attestation.${check}`,
  })
  const with_ = (change: Partial<typeof mine>): readonly Uint8Array[] => Object.values({ ...mine, ...change })
  const all = Object.values(mine)
  return under(card.trustAnchors, [
    bad('no chains', 'manufacturer-chain', []),
    bad('manufacturer chain missing', 'manufacturer-chain', [mine.ownerCard, mine.ownerPartition]),
    bad('card missing', 'manufacturer-chain', [mine.partition, mine.ownerCard, mine.ownerPartition]),
    bad('partition missing', 'manufacturer-chain', [mine.card, mine.ownerCard, mine.ownerPartition]),
    bad('owner chain missing', 'owner-chain', [mine.card, mine.partition]),
    bad('owner’s card missing', 'same-keys', [mine.card, mine.partition, mine.ownerPartition]),
    bad('owner’s partition missing', 'same-keys', [mine.card, mine.partition, mine.ownerCard]),
    bad('owner’s partition of another card', 'same-keys', with_({ ownerPartition: theirs.ownerPartition })),
    bad('owner’s card of another card', 'same-keys', with_({ ownerCard: theirs.ownerCard })),
    bad('partition of another card', 'manufacturer-chain', with_({ partition: theirs.partition })),
    bad('chains of another card', 'signature', Object.values(theirs)),
    bad('a certificate more', 'certificates', [...all, theirs.ownerCard]),
    bad('owner certificates of another owner', 'owner-chain', [
      mine.card,
      mine.partition,
      stranger.certificates.ownerCard,
      stranger.certificates.ownerPartition,
    ]),
  ])
}

function badRoots(
  card: MarvellGoogleEvidenceIssuer,
  stranger: MarvellGoogleEvidenceIssuer,
  { spki }: TestKeyPair,
): readonly SyntheticEvidence[] {
  const { content, certChainsPem } = card.attest({ spki, versionName: VERSION })
  const bad = (name: string, check: string, certChains = certChainsPem): Shape => ({
    name,
    package: content,
    certChains,
    expect: 'refuse',
    failedCheck: `attestation.${check}`,
  })
  const forgedRoot = stranger.roots.manufacturer.certificate ?? new Uint8Array()
  const ended = card.trustAnchors.map((anchor): TrustAnchor => ({ ...anchor, notAfter: '2025-11-16' }))
  const swapped = card.trustAnchors.map(
    (anchor): TrustAnchor => ({ ...anchor, authority: anchor.authority === 'owner' ? 'manufacturer' : 'owner' }),
  )
  return [
    // All test roots bear the same names: to the stranger's anchors these are forged.
    ...under(stranger.trustAnchors, [bad('forged roots with the right names', 'manufacturer-chain')]),
    ...under([], [bad('no anchor at all', 'manufacturer-chain')]),
    ...under(ended, [bad('expired anchors', 'validity')]),
    ...under(swapped, [bad('owner in the manufacturer’s place', 'same-keys')]),
    ...under(card.trustAnchors.slice(0, 1), [bad('one anchor for both chains', 'owner-chain')]),
    ...under(card.trustAnchors, [
      bad(
        'forged root with the right name came along',
        'certificates',
        Buffer.concat([pemOf([forgedRoot]), certChainsPem]),
      ),
    ]),
  ]
}
