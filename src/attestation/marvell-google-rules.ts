import type { Rule } from './check-list.ts'
import { ATTRIBUTE } from './marvell-google-attributes.ts'

const GOOGLE = 'Google, "Verifying attestations" (cloud.google.com/kms/docs/attest-key) and its verify scripts'
const CHECKERS = 'Attribute rules of icedevml/kms-attest-verifier, b4den/hsm-attest and smallstep/crypto'
const rule = (what: string, source: string): Rule => ({ id: `attestation.${what}`, group: 'attestation', source })

export const MARVELL_RULES = {
  format: rule('format', 'CAVIUM_V2_COMPRESSED (Marvell parse_v2.py); six real statements'),
  manufacturerChain: rule('manufacturer-chain', `${GOOGLE}: Marvell root, card, partition`),
  ownerChain: rule('owner-chain', `${GOOGLE}: Google root to card, Google root to partition`),
  sameKeys: rule('same-keys', `${GOOGLE}: both chains certify the same card key and the same partition key`),
  certificates: rule('certificates', `${GOOGLE}: nothing is left over`),
  validity: rule('validity', 'RFC 5280 4.1.2.5'),
  signature: rule('signature', `${GOOGLE}: RSA PKCS#1 v1.5 with SHA-256 by the partition key`),
  keyPair: rule('key-pair', `${CHECKERS}; a pair made in the HSM has two objects`),
  keyCheckValue: rule('key-check-value', 'Marvell verify_pubkey.py: EKCV is SHA-256 of the public key'),
  versionName: rule(
    'version-name',
    'The ID attribute ends in SHA-256 of the version resource name (computed on real statements)',
  ),
} as const satisfies Record<string, Rule>

/** What the private object must say; missing means failed. The public object says the opposite of some and is not asked. */
export const PRIVATE_KEY_RULES: readonly {
  readonly rule: Rule
  readonly attribute: number
  readonly value: number
  readonly said: string
  /** Why it fails, and the likelier cause. */
  readonly missing: string
}[] = [
  {
    rule: rule('local', CHECKERS),
    attribute: ATTRIBUTE.local,
    value: 1,
    said: 'The key was generated in the HSM (LOCAL).',
    missing: 'The key was not generated in the HSM (LOCAL is not 1): it was imported',
  },
  {
    rule: rule('not-extractable', CHECKERS),
    attribute: ATTRIBUTE.extractable,
    value: 0,
    said: 'The key cannot be extracted.',
    missing: 'The key may be extracted (EXTRACTABLE is not 0)',
  },
  {
    rule: rule('never-extractable', CHECKERS),
    attribute: ATTRIBUTE.neverExtractable,
    value: 1,
    said: 'The key could never be extracted.',
    missing: 'The key could once be extracted (NEVER_EXTRACTABLE is not 1): it was imported or wrapped',
  },
  {
    rule: rule('sensitive', CHECKERS),
    attribute: ATTRIBUTE.sensitive,
    value: 1,
    said: 'The key is sensitive.',
    missing: 'The key is not sensitive (SENSITIVE is not 1)',
  },
  {
    rule: rule('always-sensitive', CHECKERS),
    attribute: ATTRIBUTE.alwaysSensitive,
    value: 1,
    said: 'The key was always sensitive.',
    missing: 'The key was not always sensitive (ALWAYS_SENSITIVE is not 1): it was imported',
  },
  {
    rule: rule('sign', CHECKERS),
    attribute: ATTRIBUTE.sign,
    value: 1,
    said: 'The key may sign.',
    missing: 'The key may not sign (SIGN is not 1): its purpose is not ASYMMETRIC_SIGN',
  },
  {
    rule: rule('not-splittable', CHECKERS),
    attribute: ATTRIBUTE.splittable,
    value: 0,
    said: 'The key cannot be split.',
    missing: 'The key may be split into shares (SPLITTABLE is not 0)',
  },
  {
    rule: rule('not-split', CHECKERS),
    attribute: ATTRIBUTE.isSplit,
    value: 0,
    said: 'The key is not split.',
    missing: 'The key is split into shares (IS_SPLIT is not 0)',
  },
]
