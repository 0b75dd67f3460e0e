/** Fortanix statements in every shape the reference names, good and bad, under a test root. */

import { basicConstraints, type CertificateTemplate, keyUsage } from '../../src/sandbox/certificate-issuer.ts'
import {
  createFortanixEvidenceIssuer,
  type FortanixAttestRequest,
  type FortanixEvidenceIssuer,
} from '../../src/sandbox/fortanix/evidence/issuer.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import { type TestKeyPair, type TestKeyType, testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'

const KID = '5e0c9d2a-1b7f-4c33-9d66-00112233445f'

/** Makes the whole list anew: two clusters of RSA-3072, some seconds. */
export function syntheticEvidence(): readonly SyntheticEvidence[] {
  const cluster = createFortanixEvidenceIssuer()
  const second = createFortanixEvidenceIssuer()
  const key = testKeyPair('P-256')
  return [
    ...goodShapes(cluster, key),
    ...badClaims(cluster, key),
    ...badArrangements(cluster, second, key),
    ...badTimes(cluster, key),
    ...badRoots(cluster, second, key),
  ]
}

type Shape = Omit<SyntheticEvidence, 'hsmType' | 'trustAnchors'>
type Change = Omit<FortanixAttestRequest, 'spki' | 'kid'>
type Alter = (template: CertificateTemplate) => CertificateTemplate

const under = (trustAnchors: readonly TrustAnchor[], shapes: readonly Shape[]): readonly SyntheticEvidence[] =>
  shapes.map((shape) => ({ ...shape, hsmType: 'FORTANIX', trustAnchors }))

const refused = (
  cluster: FortanixEvidenceIssuer,
  { spki }: TestKeyPair,
  name: string,
  failedCheck: string,
  change: Change,
): Shape => ({ name, package: cluster.attest({ spki, kid: KID, ...change }), expect: 'refuse', failedCheck })

function goodShapes(cluster: FortanixEvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const types: readonly TestKeyType[] = ['RSA-2048', 'RSA-3072', 'P-384']
  const good = (name: string, spki: Uint8Array, change: Change = {}): Shape => ({
    name,
    package: cluster.attest({ spki, kid: KID, ...change }),
    expect: 'genuine',
  })
  const json = cluster.attest({ spki: key.spki, kid: KID })
  return under(cluster.trustAnchors, [
    good('plain', key.spki),
    ...types.map((type) => good(type, testKeyPair(type).spki)),
    good('chain in another order', key.spki, { arrange: (chain) => [...chain].reverse() }),
    good('chain without the root', key.spki, { arrange: (chain) => chain.slice(0, 2) }),
    good('signed in the authority’s last hour', key.spki, { signedAt: new Date('2026-11-21T23:00:00Z') }),
    { name: 'base64 of the JSON', package: Buffer.from(Buffer.from(json).toString('base64')), expect: 'genuine' },
  ])
}

const withUsage =
  (...bits: readonly number[]): Alter =>
  (template) => ({
    ...template,
    extensions: [
      keyUsage(...bits),
      ...(template.extensions ?? []).filter((extension) => extension.oid !== '2.5.29.15'),
    ],
  })

const CLAIM = '1.3.6.1.4.1.49690.2.4.1.2'

function badClaims(cluster: FortanixEvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const bad = (name: string, failedCheck: string, change: Change): Shape =>
    refused(cluster, key, name, failedCheck, change)
  const conditional: Alter = (template) => ({
    ...template,
    extensions: (template.extensions ?? []).map((extension) =>
      extension.oid === CLAIM ? { ...extension, value: Buffer.from('3003010100', 'hex') } : extension,
    ),
  })
  const renamed: Alter = (template) => ({ ...template, subject: [[{ oid: '2.5.4.3', value: 'no UUID' }]] })
  const twice: Alter = (template) => ({
    ...template,
    subject: [KID, KID].map((value) => [{ oid: '1.3.6.1.4.1.49690.1.2.2', value }]),
  })
  return under(cluster.trustAnchors, [
    bad('imported', 'attestation.generated-in-dsm', { generated: false }),
    bad('exportable', 'attestation.never-exportable', { neverExportable: false }),
    bad('claim with a condition', 'attestation.never-exportable', { alter: conditional }),
    bad('key that may sign certificates', 'attestation.statement', { alter: withUsage(0, 5) }),
    bad('key that may not sign', 'attestation.statement', { alter: withUsage(2) }),
    bad('statement that is a CA', 'attestation.statement', {
      alter: (template) => ({ ...template, extensions: [...(template.extensions ?? []), basicConstraints(true)] }),
    }),
    bad('unknown critical extension', 'attestation.statement', {
      alter: (template) => ({
        ...template,
        extensions: [...(template.extensions ?? []), { oid: '1.2.3', critical: true, value: Buffer.of(5, 0) }],
      }),
    }),
    bad('no UUID', 'attestation.key-uuid', { alter: renamed }),
    bad('two UUIDs', 'attestation.key-uuid', { alter: twice }),
  ])
}

function badArrangements(
  cluster: FortanixEvidenceIssuer,
  second: FortanixEvidenceIssuer,
  key: TestKeyPair,
): readonly SyntheticEvidence[] {
  const bad = (name: string, arrange: Change['arrange']): Shape =>
    refused(cluster, key, name, 'attestation.chain', arrange === undefined ? {} : { arrange })
  const [otherAuthority] = second.authorityChain
  return under(cluster.trustAnchors, [
    bad('authority missing', (chain) => chain.slice(1)),
    bad('CA missing', (chain) => chain.filter((_, index) => index !== 1)),
    bad('no chain', () => []),
    bad('authority twice', (chain) => [...chain, ...chain.slice(0, 1)]),
    bad('a certificate of another cluster more', (chain) => [...chain, ...(otherAuthority ? [otherAuthority] : [])]),
    bad('authority of another cluster', (chain) => [...(otherAuthority ? [otherAuthority] : []), ...chain.slice(1)]),
    bad('chain of another cluster', () => second.authorityChain),
  ])
}

const badTimes = (cluster: FortanixEvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] =>
  under(
    cluster.trustAnchors,
    [
      { name: 'signed in the future', signedAt: '2026-11-25T00:00:00Z' },
      { name: 'signed before the authority began', signedAt: '2026-10-31T11:59:59Z' },
      { name: 'signed years before', signedAt: '2024-01-01T00:00:00Z' },
    ].map(({ name, signedAt }) =>
      refused(cluster, key, name, 'attestation.signing-time', { signedAt: new Date(signedAt) }),
    ),
  )

function badRoots(
  cluster: FortanixEvidenceIssuer,
  second: FortanixEvidenceIssuer,
  key: TestKeyPair,
): readonly SyntheticEvidence[] {
  // Both test roots bear one name: to the other cluster's anchor this one is forged.
  const forged = refused(cluster, key, 'forged root with the right name', 'attestation.chain', {})
  const ended = cluster.trustAnchors.map((anchor): TrustAnchor => ({ ...anchor, notAfter: '2025-12-31' }))
  return [
    ...under(second.trustAnchors, [forged]),
    ...under([], [refused(cluster, key, 'no anchor at all', 'attestation.chain', {})]),
    ...under(ended, [refused(cluster, key, 'expired anchor', 'attestation.signing-time', {})]),
  ]
}
