import { type Rule, rule } from '../contract/check-list.ts'
import { ATTRIBUTE } from './attributes.ts'

const GOOGLE = 'Google, "Verifying attestations" (cloud.google.com/kms/docs/attest-key) and its verify scripts'
const CHECKERS = 'Attribute rules of icedevml/kms-attest-verifier, b4den/hsm-attest and smallstep/crypto'

export const MARVELL_RULES = {
  format: rule('attestation.format', 'CAVIUM_V2_COMPRESSED (Marvell parse_v2.py); six real statements'),
  manufacturerChain: rule('attestation.manufacturer-chain', `${GOOGLE}: Marvell root, card, partition`),
  ownerChain: rule('attestation.owner-chain', `${GOOGLE}: Google root to card, Google root to partition`),
  sameKeys: rule(
    'attestation.same-keys',
    `${GOOGLE}: both chains certify the same card key and the same partition key`,
  ),
  certificates: rule('attestation.certificates', `${GOOGLE}: nothing is left over`),
  validity: rule('attestation.validity', 'RFC 5280 4.1.2.5'),
  signature: rule('attestation.signature', `${GOOGLE}: RSA PKCS#1 v1.5 with SHA-256 by the partition key`),
  keyPair: rule('attestation.key-pair', `${CHECKERS}; a pair made in the HSM has two objects`),
  keyCheckValue: rule('attestation.key-check-value', 'Marvell verify_pubkey.py: EKCV is SHA-256 of the public key'),
  versionName: rule(
    'attestation.version-name',
    'The ID attribute ends in SHA-256 of the version resource name (computed on real statements)',
  ),
} as const satisfies Record<string, Rule>

/** What the private object must say; missing means failed. The public object says the opposite of some and is not asked. */
export const PRIVATE_KEY_RULES: readonly {
  readonly rule: Rule
  /** As Marvell prints it, without OBJ_ATTR_. */
  readonly name: string
  readonly attribute: number
  readonly value: number
  readonly said: string
  /** Why it fails, and the likelier cause where one is known. */
  readonly otherwise: readonly [fault: string, cause?: string]
}[] = [
  {
    rule: rule('attestation.local', CHECKERS),
    name: 'LOCAL',
    attribute: ATTRIBUTE.local,
    value: 1,
    said: 'The key was generated in the HSM (LOCAL).',
    otherwise: ['The key was not generated in the HSM', ': it was imported'],
  },
  {
    rule: rule('attestation.not-extractable', CHECKERS),
    name: 'EXTRACTABLE',
    attribute: ATTRIBUTE.extractable,
    value: 0,
    said: 'The key cannot be extracted.',
    otherwise: ['The key may be extracted'],
  },
  {
    rule: rule('attestation.never-extractable', CHECKERS),
    name: 'NEVER_EXTRACTABLE',
    attribute: ATTRIBUTE.neverExtractable,
    value: 1,
    said: 'The key could never be extracted.',
    otherwise: ['The key could once be extracted', ': it was imported or wrapped'],
  },
  {
    rule: rule('attestation.sensitive', CHECKERS),
    name: 'SENSITIVE',
    attribute: ATTRIBUTE.sensitive,
    value: 1,
    said: 'The key is sensitive.',
    otherwise: ['The key is not sensitive'],
  },
  {
    rule: rule('attestation.always-sensitive', CHECKERS),
    name: 'ALWAYS_SENSITIVE',
    attribute: ATTRIBUTE.alwaysSensitive,
    value: 1,
    said: 'The key was always sensitive.',
    otherwise: ['The key was not always sensitive', ': it was imported'],
  },
  {
    rule: rule('attestation.sign', CHECKERS),
    name: 'SIGN',
    attribute: ATTRIBUTE.sign,
    value: 1,
    said: 'The key may sign.',
    otherwise: ['The key may not sign', ': its purpose is not ASYMMETRIC_SIGN'],
  },
  {
    rule: rule('attestation.not-splittable', CHECKERS),
    name: 'SPLITTABLE',
    attribute: ATTRIBUTE.splittable,
    value: 0,
    said: 'The key cannot be split.',
    otherwise: ['The key may be split into shares'],
  },
  {
    rule: rule('attestation.not-split', CHECKERS),
    name: 'IS_SPLIT',
    attribute: ATTRIBUTE.isSplit,
    value: 0,
    said: 'The key is not split.',
    otherwise: ['The key is split into shares'],
  },
]
