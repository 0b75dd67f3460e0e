import { DerError } from '../../asn1/der-error.ts'
import { nameValues, parseName } from '../../asn1/name.ts'
import { describePublicKey, type PublicKey, readablePublicKey } from '../../asn1/public-key.ts'
import { readPublicNumbers } from '../../asn1/public-numbers.ts'
import type { Advisory, AttestedDevice, Check, KeyClaims } from '../../attestation/contract/attestation-result.ts'
import { type CertificationRequest, requestHash } from '../../csr/certification-request.ts'
import { requestFormFaults } from '../../csr/request-form.ts'
import { importKey } from '../../primitives/primitives.ts'
import { checkAdvisories, checkCertification } from './certification-rules.ts'
import { hasClosePrimes } from './close-primes.ts'
import { checkExpected } from './expected-device.ts'
import { isPointOnCurve } from './point-on-curve.ts'
import type { PolicyProfile, Severity } from './policy-profile.ts'
import { POLICY_RULES, type PolicyRule } from './policy-rules.ts'
import { hasRocaFingerprint } from './roca.ts'
import { hasSmallFactor } from './small-factor.ts'
import { SUBJECT_BOUNDS } from './subject-bounds.ts'

/** What is known when the rules are applied; whatever is absent has no rule applied to it. */
export interface PolicyFacts {
  /** SubjectPublicKeyInfo of the attested key, else of the request. */
  readonly spki?: Uint8Array
  /** The same, if it was read before. */
  readonly publicKey?: PublicKey
  readonly request?: CertificationRequest
  /** What the evidence says, where there is evidence. `genuine`: and proves. */
  readonly evidence?: {
    readonly genuine: boolean
    readonly device: AttestedDevice
    readonly claims: KeyClaims
    readonly advisories?: readonly (Advisory & { readonly remedy: string })[]
  }
  /** Bytes of the package before base64. */
  readonly packageLength?: number
}

type Apply = (rule: PolicyRule, holds: boolean, passDetail: string, failDetail: string, severity?: Severity) => void

/** Applies every rule that the facts allow; one Check each, in the order of the table. Never throws. */
export function evaluatePolicy(facts: PolicyFacts, profile: PolicyProfile): readonly Check[] {
  const checks: Check[] = []
  const apply: Apply = (rule, holds, passDetail, failDetail, severity = 'refuse') => {
    if (severity === 'off') return
    const { id, source, remedy } = rule
    checks.push(
      holds
        ? { id, group: 'policy', status: 'pass', detail: passDetail, source }
        : { id, group: 'policy', status: severity === 'refuse' ? 'fail' : 'warn', detail: failDetail, remedy, source },
    )
  }
  const key = facts.publicKey ?? (facts.spki && readablePublicKey(facts.spki))
  if (facts.spki !== undefined) applyKeyRules(facts.spki, key, facts.evidence, profile, apply)
  if (facts.evidence !== undefined) {
    applyEvidenceRules(facts.evidence, key, profile, apply)
    checks.push(...checkCertification(facts.evidence.device, profile))
    checks.push(...checkAdvisories(facts.evidence.advisories ?? [], profile))
    checks.push(...checkExpected(profile.expect, facts.evidence))
  }
  if (facts.request !== undefined) applyRequestRules(facts.request, profile, apply)
  if (facts.packageLength !== undefined) {
    const characters = Math.ceil(facts.packageLength / 3) * 4
    apply(
      POLICY_RULES.packageLength,
      characters <= profile.packageMaximumCharacters,
      `${characters} characters in base64`,
      `${characters} characters in base64, more than ${profile.packageMaximumCharacters}`,
    )
  }
  return checks
}

function applyKeyRules(
  spki: Uint8Array,
  key: PublicKey | undefined,
  evidence: PolicyFacts['evidence'],
  profile: PolicyProfile,
  apply: Apply,
): void {
  if (key === undefined) {
    apply(POLICY_RULES.keyType, false, '', 'the public key cannot be read')
    return
  }
  const typeHolds = key.type === 'RSA' || (key.type === 'EC' && profile.curves.includes(key.curve))
  apply(
    POLICY_RULES.keyType,
    typeHolds,
    describePublicKey(key),
    `${describePublicKey(key)} is not accepted; accepted are RSA, ${profile.curves.join(' and ')}`,
  )
  if (typeHolds)
    apply(POLICY_RULES.keyValid, isSound(spki, key), 'the public key is valid', 'the public key is not valid')
  if (key.type === 'RSA') applyRsaRules(key, evidence, profile, apply)
}

/** On the curve (a cheap look for those in our table), or a modulus without small factors. */
function isSound(spki: Uint8Array, key: PublicKey): boolean {
  if (key.type === 'RSA') return !hasSmallFactor(key.modulus)
  const onCurve = key.type === 'EC' ? isPointOnCurve(key.curve, key.point) : undefined
  if (onCurve !== undefined) return onCurve
  const numbers = readPublicNumbers(spki, key)
  return numbers !== undefined && importKey(numbers, spki) !== undefined
}

function applyRsaRules(
  key: PublicKey & { readonly type: 'RSA' },
  evidence: PolicyFacts['evidence'],
  profile: PolicyProfile,
  apply: Apply,
): void {
  const { bits, exponent } = key
  const { rsaMinimumBits, rsaAdvisedBits, rsaMaximumBits } = profile
  const sizeHolds = bits >= rsaMinimumBits && bits <= rsaMaximumBits
  apply(
    POLICY_RULES.keySize,
    sizeHolds,
    `${bits} bits`,
    `${bits} bits; ${profile.name} takes ${rsaMinimumBits} to ${rsaMaximumBits}`,
  )
  if (sizeHolds && rsaAdvisedBits > rsaMinimumBits) {
    apply(
      POLICY_RULES.keySizeAdvised,
      bits >= rsaAdvisedBits,
      `${bits} bits`,
      `${bits} bits are accepted; ${rsaAdvisedBits} or more are advised`,
      'warn',
    )
  }
  const usable = exponent >= 3n && exponent % 2n === 1n
  const shown = exponent < 1n << 64n ? `${exponent}` : 'more than 64 bits'
  apply(
    POLICY_RULES.keyExponent,
    usable && exponent >= 65537n,
    `public exponent ${shown}`,
    `public exponent ${shown}`,
    usable ? 'warn' : 'refuse',
  )
  const byFirmware =
    evidence?.advisories?.some(({ id, affects }) => id === 'roca' && affects === 'attested-key') === true
  apply(
    POLICY_RULES.roca,
    !byFirmware && !hasRocaFingerprint(key.modulus),
    'not a ROCA key',
    byFirmware
      ? `RSA keys made by firmware ${evidence?.device.firmware} can be factored (ROCA)`
      : 'the modulus has the fingerprint of keys that can be factored (ROCA)',
  )
  apply(
    POLICY_RULES.closePrimes,
    !hasClosePrimes(key.modulus),
    'the primes are not close',
    'the modulus falls to Fermat’s method: its primes are close, or one and the same',
  )
}

function applyEvidenceRules(
  { claims, genuine }: NonNullable<PolicyFacts['evidence']>,
  key: PublicKey | undefined,
  profile: PolicyProfile,
  apply: Apply,
): void {
  // Nobody should read out of evidence that proves nothing that the key is safe.
  const proven = (what: string): string =>
    genuine ? what : `the evidence says "${what}", and does not prove it: it is not genuine`
  apply(
    POLICY_RULES.keyLocal,
    claims.local === true,
    proven('generated on the device'),
    claims.local === false
      ? 'the key was not generated on the device'
      : 'the evidence does not say that the key was generated on the device',
  )
  apply(
    POLICY_RULES.keyNonExportable,
    claims.extractable === false,
    proven('cannot leave the device'),
    claims.extractable === true
      ? 'the key can leave the device'
      : 'the evidence does not say that the key cannot leave the device',
  )
  const rights = [claims.permissions, claims.capabilities].find((list) => Array.isArray(list))
  if (Array.isArray(rights)) {
    const signing = SIGNING_RIGHTS[key?.type ?? 'other']
    const signs = rights.some((right) => typeof right === 'string' && signing.includes(right))
    apply(
      POLICY_RULES.keySigns,
      signs,
      'may sign',
      `is not allowed to sign; it is allowed to ${rights.join(', ') || 'do nothing'}`,
    )
  }
  if (typeof claims.recovery === 'boolean') {
    apply(
      POLICY_RULES.keyRecoverable,
      !claims.recovery,
      'not recoverable',
      'holders of the Administrator Card Set can recover the key without its own protection, and may export it',
      profile.recoverable,
    )
  }
}

/** Rights by which a key of each type signs, in the words of nShield and YubiHSM 2: a device grants those of other types, too, in vain. */
const SIGNING_RIGHTS: Readonly<Record<PublicKey['type'], readonly string[]>> = {
  RSA: ['sign', 'sign-pkcs', 'sign-pss'],
  EC: ['sign', 'sign-ecdsa'],
  other: ['sign', 'sign-pkcs', 'sign-pss', 'sign-ecdsa', 'sign-eddsa'],
}

function applyRequestRules(request: CertificationRequest, profile: PolicyProfile, apply: Apply): void {
  const hash = requestHash(request)
  apply(
    POLICY_RULES.requestHash,
    hash !== undefined && hash !== 'SHA-1' && profile.hashes.includes(hash),
    `signed with ${hash}`,
    hash === undefined ? 'signed with an algorithm that is not accepted' : `signed with ${hash}`,
  )
  const faults = requestFormFaults(request)
  apply(POLICY_RULES.requestForm, faults.length === 0, 'PKCS#10 that every parser reads', faults.join('; '), 'warn')
  const tooLong = subjectFaults(request.subject)
  apply(POLICY_RULES.subjectLength, tooLong.length === 0, 'every value is within its limit', tooLong.join('; '))
}

/** What is too long, or no country code, in a Name (DER); empty where all is well. */
export function subjectFaults(subject: Uint8Array): readonly string[] {
  try {
    const name = parseName(subject)
    return SUBJECT_BOUNDS.flatMap(({ type, maximum }) =>
      nameValues(name, type)
        .filter((value) => [...value].length > maximum || (type === 'C' && !/^[A-Za-z]{2}$/.test(value)))
        .map((value) => `${type} has ${[...value].length} characters, at most ${maximum}`),
    )
  } catch (error) {
    if (error instanceof DerError) return ['the subject cannot be read']
    throw error
  }
}
