import { type Rule, rule } from '../contract/check-list.ts'
import { ATTRIBUTE } from './attributes.ts'

const GOOGLE = 'Google, "Verifying attestations" (cloud.google.com/kms/docs/attest-key) and its verify scripts'
const CHECKERS = 'Attribute rules of icedevml/kms-attest-verifier, b4den/hsm-attest and smallstep/crypto'

// biome-ignore format: a table, a row a line
export const MARVELL_RULES = {
  format: rule('attestation.format', 'CAVIUM_V2_COMPRESSED (Marvell parse_v2.py); six real statements'),
  manufacturerChain: rule('attestation.manufacturer-chain', `${GOOGLE}: Marvell root, card, partition`),
  ownerChain: rule('attestation.owner-chain', `${GOOGLE}: Google root to card, Google root to partition`),
  sameKeys: rule('attestation.same-keys', `${GOOGLE}: both chains certify the same card key and the same partition key`),
  certificates: rule('attestation.certificates', `${GOOGLE}: nothing is left over`),
  constraints: rule('attestation.constraints', 'RFC 5280 4.2: reject unknown critical; 4.2.1.3, 4.2.1.9, where a certificate has extensions'),
  validity: rule('attestation.validity', 'RFC 5280 4.1.2.5'),
  signature: rule('attestation.signature', `${GOOGLE}: RSA PKCS#1 v1.5 with SHA-256 by the partition key`),
  keyPair: rule('attestation.key-pair', `${CHECKERS}; a pair made in the HSM has two objects`),
  keyCheckValue: rule('attestation.key-check-value', 'Marvell verify_pubkey.py: EKCV is SHA-256 of the public key'),
  versionName: rule('attestation.version-name', 'The ID attribute ends in SHA-256 of the version resource name (computed on real statements)'),
} as const satisfies Record<string, Rule>

/** One attribute of the private object. `name`: as Marvell prints it, without OBJ_ATTR_. */
const must = (
  id: Rule['id'],
  name: string,
  attribute: number,
  value: number,
  said: string,
  /** Why it fails, and the likelier cause if one is known. */
  ...otherwise: readonly [fault: string, cause?: string]
) => ({ rule: rule(id, CHECKERS), name, attribute, value, said, otherwise })

/** What the private object must say; missing means failed. The public object says the opposite of some and is not asked. */
// biome-ignore format: a table, a row a line
export const PRIVATE_KEY_RULES = [
  must('attestation.local', 'LOCAL', ATTRIBUTE.local, 1, 'The key was generated in the HSM (LOCAL).', 'The key was not generated in the HSM', ': it was imported'),
  must('attestation.not-extractable', 'EXTRACTABLE', ATTRIBUTE.extractable, 0, 'The key cannot be extracted.', 'The key can be extracted'),
  must('attestation.never-extractable', 'NEVER_EXTRACTABLE', ATTRIBUTE.neverExtractable, 1, 'The key could never be extracted.', 'The key could once be extracted', ': it was imported or wrapped'),
  must('attestation.sensitive', 'SENSITIVE', ATTRIBUTE.sensitive, 1, 'The key is sensitive.', 'The key is not sensitive'),
  must('attestation.always-sensitive', 'ALWAYS_SENSITIVE', ATTRIBUTE.alwaysSensitive, 1, 'The key was always sensitive.', 'The key was not always sensitive', ': it was imported'),
  must('attestation.sign', 'SIGN', ATTRIBUTE.sign, 1, 'The key is allowed to sign.', 'The key is not allowed to sign', ': its purpose is not ASYMMETRIC_SIGN'),
  must('attestation.not-splittable', 'SPLITTABLE', ATTRIBUTE.splittable, 0, 'The key cannot be split.', 'The key can be split into shares'),
  must('attestation.not-split', 'IS_SPLIT', ATTRIBUTE.isSplit, 0, 'The key is not split.', 'The key is split into shares'),
]
