import type { HashName } from '../../../devices/device.ts'
import type { FipsStandard } from '../../knowledge/knowledge.ts'
import type { ExpectedDevice } from './expected-device.ts'

const POLICY_NAMES = ['document-signing', 'code-signing'] as const
/** The rules of document signing, or of code signing. */
export type PolicyName = (typeof POLICY_NAMES)[number]

/** What a broken rule does: `refuse` stops an order, `warn` is shown, `off` leaves the rule out. */
export type Severity = 'refuse' | 'warn' | 'off'

/** What a person may change without touching code; a profile file's `policy:` section overrides single members. */
export interface PolicyProfile {
  readonly name: PolicyName
  /** RSA modulus bits. Below the minimum refuses; below `rsaAdvisedBits` warns. */
  readonly rsaMinimumBits: number
  readonly rsaAdvisedBits: number
  readonly rsaMaximumBits: number
  readonly curves: readonly string[]
  readonly hashes: readonly HashName[]
  /** Base64 characters that the CA takes for `keyAttestation`. */
  readonly packageMaximumCharacters: number
  /** Evidence that says "not FIPS-certified". */
  readonly fips: Severity
  /** Evidence that does not say whether the device is certified. */
  readonly fipsUnknown: Severity
  /** The FIPS standard that the device must be validated under. */
  readonly fipsStandard: FipsStandard | 'any'
  /** A device whose certificate is on the historical list. */
  readonly fipsHistorical: 'refuse' | 'warn' | 'accept'
  /** Knowledge that rests on a guess (each says on which). */
  readonly inferences: 'use' | 'ignore'
  /** Published weaknesses of the device: of all, and of single ones by id. ROCA and close primes are refused whatever this says. */
  readonly advisories: { readonly all: Severity; readonly byId: Readonly<Record<string, Severity>> }
  /** Anything else is not the device expected. */
  readonly expect: ExpectedDevice
  /** nShield: the Administrator Card Set can recover the key. */
  readonly recoverable: Severity
}

const COMMON = {
  // Sectigo API 3.43 dropped P-521; Adobe Acrobat 11 and later name P-256 and P-384.
  curves: ['P-256', 'P-384'],
  hashes: ['SHA-256', 'SHA-384', 'SHA-512'],
  // Sectigo API: 8192 is the largest RSA key it takes.
  rsaMaximumBits: 8192,
  // Sectigo !AutoApplyOrder: keyAttestation is a string of at most 32,767 characters.
  packageMaximumCharacters: 32_767,
  // Sectigo lists YubiKey 5 FIPS and HSMs in FIPS mode only.
  fips: 'refuse',
  fipsUnknown: 'warn',
  // Whether Sectigo still takes a device with a historical certificate is published nowhere.
  fipsStandard: 'any',
  fipsHistorical: 'warn',
  inferences: 'use',
  advisories: { all: 'warn', byId: {} },
  expect: {},
  recoverable: 'refuse',
} as const

const POLICY_PROFILES: Readonly<Record<PolicyName, PolicyProfile>> = {
  // Sectigo documents no RSA minimum for document signing: its API takes 2048; 3072 is what it asks from 2031 on.
  'document-signing': { ...COMMON, name: 'document-signing', rsaMinimumBits: 2048, rsaAdvisedBits: 3072 },
  // CA/Browser Forum Code Signing Baseline Requirements 3.10.0, 6.1.5.2.
  'code-signing': { ...COMMON, name: 'code-signing', rsaMinimumBits: 3072, rsaAdvisedBits: 3072 },
}

/**
 * A set of rules by name, with single members replaced.
 *
 * @throws Nothing.
 * @example
 * ```ts
 * const policy: PolicyProfile = policyProfile('document-signing', { fips: 'warn', rsaMinimumBits: 3072 })
 * ```
 */
export function policyProfile(
  name: PolicyName = 'document-signing',
  overrides: Partial<Omit<PolicyProfile, 'name'>> = {},
): PolicyProfile {
  return { ...POLICY_PROFILES[name], ...overrides }
}
